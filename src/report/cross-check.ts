/** Two emulation engines compared state by state, as `verify` reports it: equal, different, skipped, not asked for. */
import type { Style } from './style.js';
import { formatBytes, formatCount } from './units.js';

export interface CrossCheckReport {
  readonly state: 'equal' | 'different' | 'skipped' | 'not asked';
  /** The engines that were compared; empty when none were. */
  readonly engines: readonly string[];
  /** Layers after which both stood still and were compared. */
  readonly layers: number;
  /** Registers compared at each. */
  readonly registers: number;
  /** Bytes of memory compared in all. */
  readonly memoryBytes: number;
  /** Cycles of the second over those of the first, minus 1; null when nothing was compared. */
  readonly cycleDifference: number | null;
  readonly difference: StateDifferenceReport | null;
  /** Why it was skipped and how to get it; else empty. */
  readonly note: string;
}

export interface StateDifferenceReport {
  /** The layer that had just ended; null before the first. */
  readonly layer: string | null;
  /**
   * `r0` … `pc`, `flags`, `s0` … `s31`, `memory`, `CRC of the feature map` (QEMU), or `steps` when one engine stopped
   * earlier.
   */
  readonly what: string;
  readonly address?: number;
  /** By engine. */
  readonly values: Readonly<Record<string, number>>;
  /** Differing bytes of memory. */
  readonly count?: number;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** One line without its label. */
export function formatCrossCheck(check: CrossCheckReport, style: Style): string {
  switch (check.state) {
    case 'equal':
      return `${check.engines.join(' and ')} agree ${describeScope(check)}${describeCycles(check)}`;
    case 'different':
      return style('red', `${check.engines.join(' and ')} differ ${describeStateDifference(check)}`);
    case 'skipped':
      return style('yellow', `with unicorn skipped: ${check.note}, then add --engine both`);
    default:
      return style('dim', 'none; --engine both compares registers and memory with unicorn, layer by layer');
  }
}

function describeScope({ layers, registers, memoryBytes }: CrossCheckReport): string {
  const bytes = formatBytes(memoryBytes);
  const what = registers === 0 ? `feature maps of ${bytes}` : `${registers} registers, ${bytes} of memory`;
  return `after each of ${formatCount(layers)} layers: ${what} in all`;
}

function describeCycles({ cycleDifference }: CrossCheckReport): string {
  if (cycleDifference === null) return '';
  const percent = (cycleDifference * 100).toFixed(2);
  return `; cycles ${cycleDifference < 0 ? '' : '+'}${percent} %`;
}

export function describeStateDifference({ difference }: CrossCheckReport): string {
  if (difference === null) return '';
  const { layer, what, address, values, count } = difference;
  const where = layer === null ? 'before the first layer' : `after layer ${layer}`;
  if (what === 'steps') return `${where}: only one of them got there`;
  const subject = address === undefined ? what : `${what} at ${hex(address)}`;
  const found = Object.entries(values).map(([engine, value]) => `${hex(value)} in ${engine}`);
  const more = count === undefined ? '' : `; ${formatCount(count)} bytes differ there`;
  return `first ${where}: ${subject} is ${found.join(', ')}${more}`;
}

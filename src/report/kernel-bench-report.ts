/**
 * The report of `bench kernels`: what each kernel costs on each layer and core, beside the public kernels. The field names
 * are public (README.md): they stay stable.
 */
import { publicKernels } from '../targets/public-kernels.js';
import { roundTo } from './units.js';

/** One kernel on one layer, as measured. */
export interface KernelRow {
  /** Name of its function in the firmware. */
  readonly kernel: string;
  /** `portable`, or what `bind` calls the faster one. */
  readonly variant: string;
  /** `bind` takes this one, where the arena allows it. */
  readonly chosen: boolean;
  readonly shape: string;
  readonly op: string;
  readonly activationBits: number;
  readonly weightBits: number | null;
  readonly core: string;
  readonly mode: string;
  /** What `macs` counts: multiply-accumulates, or input elements of operators that have none. */
  readonly unit: 'mac' | 'element';
  readonly macs: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly scratchBytes: number;
  /** Of the functions that the layer executes, weights not included. */
  readonly codeBytes: number;
  /** Of its output's bytes. */
  readonly sha256: string;
  /** The output equals the simulation's. */
  readonly equal: boolean;
}

export interface PublicFigure {
  readonly library: string;
  readonly cyclesPerMac: number;
}

export interface ReportedKernel extends KernelRow {
  readonly cyclesPerMac: number;
  readonly instructionsPerMac: number;
  /** Public kernels on this layer at these widths, M4; the fastest first. */
  readonly published: readonly PublicFigure[];
}

export interface KernelBenchReport {
  readonly ok: boolean;
  readonly toolchain: string;
  readonly weights: string;
  readonly seed: number;
  readonly rows: readonly ReportedKernel[];
  readonly timing: { readonly totalMs: number };
}

export interface KernelBenchFacts {
  readonly toolchain: string;
  readonly weights: string;
  readonly seed: number;
  readonly rows: readonly KernelRow[];
  readonly totalMs: number;
}

/** Cycles of public kernels were counted on this core. */
const PUBLIC_CORE = 'm4';

export const buildKernelBenchReport = ({ rows, totalMs, ...facts }: KernelBenchFacts): KernelBenchReport => ({
  ok: rows.every(({ equal }) => equal),
  ...facts,
  rows: rows.map((row) => ({
    ...row,
    cyclesPerMac: roundTo(row.cycles / row.macs, 4),
    instructionsPerMac: roundTo(row.instructions / row.macs, 4),
    published: publishedFor(row),
  })),
  timing: { totalMs: roundTo(totalMs, 1) },
});

function publishedFor(row: KernelRow): readonly PublicFigure[] {
  if (row.core !== PUBLIC_CORE) return [];
  return publicKernels(row.shape)
    .filter((known) => known.activationBits === row.activationBits && known.weightBits === row.weightBits)
    .map(({ library, cyclesPerMac }) => ({ library, cyclesPerMac }))
    .sort((a, b) => a.cyclesPerMac - b.cyclesPerMac);
}

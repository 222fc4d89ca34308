/** The report of `emulate` for people: totals, passages, functions, lines, blocks, memory and the end. */
import type { BlockCost, EmulateReport, EndFacts } from './emulate-report.js';
import { plainStyle, type Style } from './style.js';
import { type Cell, formatPairs, formatTable } from './table.js';
import { formatBytes, formatCount, formatMilliseconds, formatPercent } from './units.js';

export interface EmulateTextOptions {
  /** Functions, lines and blocks. */
  readonly profile: boolean;
  /** Clock of the board, where one was named. */
  readonly clockHz?: number;
}

const MOST_FUNCTIONS = 25;
const MOST_LINES = 20;
const MOST_PASSAGES = 20;
const MOST_OBJECTS = 8;
/** Instructions shown of a block: its end, where the loop closes, is left out first. */
const MOST_CODE = 40;
const SMALLEST_SHARE = 0.001;

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

export function formatEmulate(
  report: EmulateReport,
  options: EmulateTextOptions,
  style: Style = plainStyle,
): string {
  const head = `${style('bold', report.elf)} on ${report.coreName}`;
  const sections = [
    `${head}\n${style('dim', startLine(report))}`,
    report.output === '' ? '' : report.output.replace(/\n+$/, ''),
    report.passages === undefined ? '' : passagesTable(report, style),
    ...(options.profile ? profileTables(report, style) : []),
    totals(report, options, style),
    endLine(report.end, style),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function startLine({ start, from, to }: EmulateReport): string {
  const table =
    start.vectorTable === null ? 'the ELF entry' : `the vector table at ${hex(start.vectorTable)}`;
  const started = `started at ${start.symbol} by ${table}`;
  if (from === null) return to === null ? started : `${started}, run to ${to}`;
  return `${started}; passages from ${from} to ${to ?? 'its return'}`;
}

function passagesTable({ passages = [] }: EmulateReport, style: Style): string {
  const rows = passages
    .slice(0, MOST_PASSAGES)
    .map((passage, i): Cell[] => [
      String(i + 1),
      formatCount(passage.instructions),
      formatCount(passage.cycles),
      perInstruction(passage),
      formatBytes(passage.peakStackBytes),
    ]);
  const table = formatTable(
    [
      { title: 'passage', align: 'right' },
      { title: 'instructions', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'per instr.', align: 'right' },
      { title: 'stack', align: 'right' },
    ],
    rows,
    style,
  );
  const more = passages.length - rows.length;
  return more > 0 ? `${table}\n… and ${formatCount(more)} more (--json lists all)` : table;
}

const perInstruction = (cost: { readonly instructions: number; readonly cycles: number }): string =>
  cost.instructions === 0 ? '' : (cost.cycles / cost.instructions).toFixed(2);

function profileTables(report: EmulateReport, style: Style): readonly string[] {
  const { functions, lines, blocks = [], cycles } = report;
  const tables = [functionTable(functions, cycles, style)];
  if (lines !== undefined && lines.length > 0) tables.push(lineTable(lines, cycles, style));
  else tables.push(style('dim', `no source lines: ${report.noLines ?? 'none were executed'}`));
  return [...tables, ...blocks.map((block) => formatBlock(block, cycles, style))];
}

function functionTable(functions: EmulateReport['functions'], total: number, style: Style): string {
  const shown = functions
    .slice(0, MOST_FUNCTIONS)
    .filter((entry, i) => i < 5 || entry.cycles >= total * SMALLEST_SHARE);
  const rows = shown.map((entry): Cell[] => [
    entry.name,
    entry.calls === 0 ? '' : formatCount(entry.calls),
    formatCount(entry.instructions),
    formatCount(entry.cycles),
    formatPercent(total === 0 ? 0 : entry.cycles / total),
    perInstruction(entry),
  ]);
  const table = formatTable(
    [
      { title: 'function', align: 'left', maxWidth: 48 },
      { title: 'calls', align: 'right' },
      { title: 'instructions', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'per instr.', align: 'right' },
    ],
    rows,
    style,
  );
  const more = functions.length - shown.length;
  return more > 0 ? `${table}\n… and ${formatCount(more)} smaller ones` : table;
}

function lineTable(lines: NonNullable<EmulateReport['lines']>, total: number, style: Style): string {
  const rows = lines
    .slice(0, MOST_LINES)
    .map((line): Cell[] => [
      `${line.file}:${line.line}`,
      formatCount(line.instructions),
      formatCount(line.cycles),
      formatPercent(total === 0 ? 0 : line.cycles / total),
    ]);
  return formatTable(
    [
      { title: 'source line', align: 'left', maxWidth: 60 },
      { title: 'instructions', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'share', align: 'right' },
    ],
    rows,
    style,
  );
}

function formatBlock(block: BlockCost, total: number, style: Style): string {
  const share = formatPercent(total === 0 ? 0 : block.cycles / total);
  const head = `block in ${block.function}, ${formatCount(block.executions)} times, ${formatCount(block.cycles)} cycles (${share})`;
  const shown = block.code.slice(0, MOST_CODE);
  const width = Math.max(0, ...shown.map(({ text }) => text.length));
  const rows = shown.map(({ address, text, cycles, executions }) => {
    const cost =
      executions === 0 ? '' : `${formatCount(cycles).padStart(12)}  ${(cycles / executions).toFixed(2)} each`;
    return `  ${address.toString(16).padStart(8, '0')}  ${text.padEnd(width)}  ${cost}`;
  });
  const more = block.code.length - shown.length;
  if (more > 0) rows.push(`  … and ${more} more instructions (--json lists all)`);
  return [style('bold', head), ...rows.map((row) => row.trimEnd())].join('\n');
}

function totals(report: EmulateReport, options: EmulateTextOptions, style: Style): string {
  const { estimate, total, timing } = report;
  const isPart = total.instructions !== report.instructions;
  return formatPairs(
    [
      ['instructions', formatCount(report.instructions)],
      ...cycleRows(report),
      ['', style('dim', estimate.basis)],
      ...flashRows(report, style),
      ...latency(report, options),
      ['peak stack', formatBytes(report.peakStackBytes)],
      ...(isPart
        ? [
            [
              'whole run',
              `${formatCount(total.instructions)} instructions, stack ${formatBytes(total.peakStackBytes)}`,
            ] as const,
          ]
        : []),
      ...report.memory.map((use): readonly [string, string] => [use.name, memoryLine(use)]),
      ['took', `${formatMilliseconds(timing.totalMs)}, ${timing.mips.toFixed(0)} MIPS`],
    ],
    style,
  );
}

/** The interval is that of zero wait states; what flash adds stands apart. */
function cycleRows({ cycles, estimate, flash }: EmulateReport): readonly (readonly [string, string])[] {
  const interval = `(${formatCount(estimate.low)} – ${formatCount(estimate.high)})`;
  if (flash === undefined) return [['cycles', `${formatCount(cycles)} ${interval}`]];
  const zeroWait = cycles - flash.codeCycles - flash.dataCycles;
  return [
    ['cycles', formatCount(cycles)],
    ['zero wait', `${formatCount(zeroWait)} ${interval}`],
  ];
}

/** A term of its own, as it is not calibrated on silicon. */
function flashRows({ flash, cycles }: EmulateReport, style: Style): readonly (readonly [string, string])[] {
  if (flash === undefined) return [];
  const { codeCycles, dataCycles, basis } = flash;
  const added = codeCycles + dataCycles;
  const factor = (cycles / (cycles - added)).toFixed(3);
  const parts = `code ${formatCount(codeCycles)}, data ${formatCount(dataCycles)}`;
  return [
    ['flash', `${formatCount(added)} (${parts}): ×${factor} of zero wait states`],
    ['', style('dim', `model, not calibrated on silicon: ${basis}`)],
  ];
}

function latency(
  { estimate }: EmulateReport,
  { clockHz }: EmulateTextOptions,
): readonly (readonly [string, string])[] {
  if (clockHz === undefined) return [];
  const ms = (cycles: number): string => formatMilliseconds((cycles / clockHz) * 1000);
  const clock = `${clockHz / 1e6} MHz`;
  return [['time', `${ms(estimate.low)} – ${ms(estimate.high)} at ${clock}, wait states left out`]];
}

function memoryLine(use: EmulateReport['memory'][number]): string {
  const place = `${hex(use.origin)}, ${formatBytes(use.bytes)}`;
  if (use.writtenBytes === 0) return `${place}: nothing written`;
  const objects = [...use.objects]
    .sort((a, b) => b.written - a.written)
    .slice(0, MOST_OBJECTS)
    .map(({ name, written }) => `${name === '' ? 'unnamed' : name} ${formatBytes(written)}`);
  const more = use.objects.length - objects.length;
  const list = `${objects.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
  return `${place}: ${formatBytes(use.writtenBytes)} written, up to ${hex(use.highestWritten)} (${list})`;
}

function endLine(end: EndFacts, style: Style): string {
  switch (end.kind) {
    case 'reached':
      return `${style('green', 'REACHED')}  ${end.symbol}, ${hex(end.address)}`;
    case 'passages':
      return `${style('green', 'STOPPED')}  after the passages asked for`;
    case 'exit': {
      const label = end.status === 0 ? style('green', 'EXIT') : style('red', 'EXIT');
      return `${label}  status ${end.status}`;
    }
    case 'halted':
      return `${style('green', 'HALTED')}  in ${end.symbol}, ${hex(end.address)}: a loop that nothing leaves`;
    default:
      return faultLines(end, style);
  }
}

function faultLines(end: Extract<EndFacts, { kind: 'fault' }>, style: Style): string {
  const place = end.place === null ? '' : `, ${end.place}`;
  const lines = [`${style('red', 'FAULT')}  ${end.fault}: ${end.message}`, `  in ${end.symbol}${place}`];
  for (const frame of [...end.callPath].reverse()) {
    const from =
      frame.place === undefined ? hex(frame.calledFrom) : `${hex(frame.calledFrom)}, ${frame.place}`;
    lines.push(`  ${frame.function} called from ${from}`);
  }
  return lines.join('\n');
}

/** The report of `verify` for people: one row per layer, totals, two verdicts. */
import { layerName } from '../ir/step-functions.js';
import { formatBoardLog, formatBoardVerdict } from './board-log-text.js';
import { describeStateDifference, formatCrossCheck } from './cross-check.js';
import { formatLatency } from './latency.js';
import { plainStyle, type Style } from './style.js';
import { type Cell, formatPairs, formatTable } from './table.js';
import { formatBytes, formatCount, formatMilliseconds, formatPercent, formatShape } from './units.js';
import type { Difference, VerifyReport } from './verify-report.js';

export function formatVerify(report: VerifyReport, style: Style = plainStyle): string {
  const { board } = report;
  const core = `${board.coreName} at ${board.clockHz / 1e6} MHz`;
  const head = `${style('bold', report.model)} on ${board.name}, ${core}`;
  const how = `input ${report.input}\nmode ${report.mode}, emulated with ${report.engine}, ${report.toolchain}`;
  return [
    `${head}\n${style('dim', how)}`,
    formatLayers(report, style),
    ...(report.boardLog === undefined ? [] : [formatBoardLog(report.boardLog, style)]),
    formatTotals(report, style),
    formatVerdicts(report, style),
  ].join('\n\n');
}

/** How reasons of kernels that were chosen by measuring begin (src/bind/variants/choose.ts). */
const MEASURED = 'measured cycles: ';

function formatLayers(report: VerifyReport, style: Style): string {
  const { totals } = report;
  const isTuned = report.layers.some(({ kernelWhy }) => kernelWhy.startsWith(MEASURED));
  const equal = report.layers.filter((layer) => layer.equal).length;
  const rows: Cell[][] = wholeLayers(report.layers).map((layer) => [
    layer.name,
    layer.kernel === '' ? layer.op : layer.kernel.replace('__', ' '),
    formatShape(layer.outputShape),
    layer.macs === 0 ? '' : formatCount(layer.macs),
    formatCount(layer.cycles),
    formatPercent(layer.share),
    layer.comparedBytes === 0 ? '' : formatCount(layer.comparedBytes),
    verdict(layer.equal, layer.note),
    ...(isTuned ? [layer.kernelWhy.replace(MEASURED, '')] : []),
  ]);
  rows.push([
    { text: `total, ${report.layers.length} layers`, format: 'bold' },
    '',
    '',
    formatCount(totals.macs),
    formatCount(totals.cycles),
    '',
    formatCount(totals.comparedBytes),
    `${equal} of ${report.layers.length} equal`,
  ]);
  return formatTable(
    [
      { title: 'layer', align: 'left', maxWidth: 40 },
      { title: 'kernel', align: 'left' },
      { title: 'output', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'bytes compared', align: 'right' },
      { title: 'verdict', align: 'left' },
      ...(isTuned ? [{ title: 'measured cycles', align: 'left' } as const] : []),
    ],
    rows,
    style,
  );
}

type ReportLayer = VerifyReport['layers'][number];

/** Pieces of one layer, patches or rows of it, as one row: sums, and the first piece that differs or has a note. */
function wholeLayers(layers: readonly ReportLayer[]): readonly ReportLayer[] {
  const byName = new Map<string, ReportLayer[]>();
  for (const layer of layers) {
    const name = layerName(layer.name);
    byName.set(name, [...(byName.get(name) ?? []), layer]);
  }
  const sum = (pieces: readonly ReportLayer[], of: (piece: ReportLayer) => number): number =>
    pieces.reduce((total, piece) => total + of(piece), 0);
  return [...byName].map(([name, pieces]) => {
    const shown = pieces.find((piece) => !piece.equal) ?? pieces[0]!;
    if (pieces.length === 1) return shown;
    return {
      ...shown,
      name: `${name}, ${pieces.length} pieces`,
      macs: sum(pieces, (piece) => piece.macs),
      cycles: sum(pieces, (piece) => piece.cycles),
      share: sum(pieces, (piece) => piece.share),
      comparedBytes: sum(pieces, (piece) => piece.comparedBytes),
    };
  });
}

function verdict(equal: boolean, note: string | undefined): Cell {
  if (!equal) return { text: 'DIFFERENT', format: 'red' };
  return note === undefined ? { text: 'equal', format: 'green' } : { text: note, format: 'dim' };
}

function formatTotals(report: VerifyReport, style: Style): string {
  const { totals, board } = report;
  const perMac = totals.macs === 0 ? '' : ` (${(totals.cycles / totals.macs).toFixed(2)} per MAC)`;
  const parts = [
    `arena ${formatBytes(totals.arenaBytes)}`,
    `stack ${formatBytes(totals.stackBytes)}`,
    `other static ${formatBytes(totals.staticSramBytes)}`,
    `input ${inputPlace(report)}`,
  ];
  return formatPairs(
    [
      ['cycles', `${formatCount(totals.cycles)}${perMac}${otherEngines(report)}`],
      ['latency', `${formatLatency(totals.latencyMs)} estimated`],
      ...totals.latencyMs.basis
        .split('; memory ')
        .map((part, i): readonly [string, string] => ['', style('dim', i === 0 ? part : `memory ${part}`)]),
      ['SRAM', `${usage(totals.peakSramBytes, board.sramBytes)} = ${parts.join(' + ')}`],
      ['flash', usage(totals.flashBytes, board.flashBytes)],
      ...crossCheckRow(report, style),
      ...report.outputs.map((output): readonly [string, string] => ['output', describeOutput(output)]),
      ['took', formatTiming(report.timing)],
    ],
    style,
  );
}

function inputPlace({ totals }: VerifyReport): string {
  if (totals.inputStreamed) return 'streamed';
  return totals.inputBytes === 0 ? 'in the arena' : formatBytes(totals.inputBytes);
}

const crossCheckRow = ({ crossCheck }: VerifyReport, style: Style): (readonly [string, string])[] =>
  crossCheck === null ? [] : [['cross-check', formatCrossCheck(crossCheck, style)]];

/** With --engine both: what each counted. */
function otherEngines({ totals }: VerifyReport): string {
  const counted = Object.entries(totals.cyclesByEngine);
  if (counted.length < 2) return '';
  return `; whole inference: ${counted.map(([engine, cycles]) => `${engine} ${formatCount(cycles)}`).join(', ')}`;
}

const usage = (used: number, available: number): string =>
  `${formatBytes(used)} of ${formatBytes(available)} (${formatPercent(used / available, 0)})`;

const SHOWN_VALUES = 12;

function describeOutput(output: VerifyReport['outputs'][number]): string {
  const shown = output.values.slice(0, SHOWN_VALUES).join(' ');
  return `${output.name} [${shown}${output.values.length > SHOWN_VALUES ? ' …' : ''}]`;
}

/** "simulateMs" → "simulate 12.0 ms"; the total first. */
export function formatTiming(timing: Readonly<Record<string, number>>): string {
  const { totalMs, ...stages } = timing;
  const named = Object.entries(stages)
    .filter(([name]) => name.endsWith('Ms'))
    .map(([name, ms]) => `${name.slice(0, -2)} ${formatMilliseconds(ms)}`);
  const total = totalMs === undefined ? '' : `${formatMilliseconds(totalMs)}: `;
  return `${total}${named.join(', ')}`;
}

function formatVerdicts(report: VerifyReport, style: Style): string {
  const lines = report.problems.map(
    ({ engine, message }) => `${style('red', 'FAULT')}      ${engine}: ${message}`,
  );
  if (report.boardLog !== undefined) lines.push(formatBoardVerdict(report.boardLog, style));
  if (report.ok) lines.push(equalVerdict(report, style));
  else if (report.firstDifference !== null) lines.push(differentVerdict(report.firstDifference, style));
  else if (report.crossCheck?.state === 'different')
    lines.push(`${style('red', 'DIFFERENT')}  engines: ${describeStateDifference(report.crossCheck)}`);
  if (report.fits) lines.push(`${style('green', 'FITS')}       ${report.board.name}`);
  else lines.push(`${style('red', 'TOO BIG')}    ${missingMemory(report)}`);
  return lines.join('\n');
}

function equalVerdict(report: VerifyReport, style: Style): string {
  const bytes = formatCount(report.totals.comparedBytes);
  return `${style('green', 'OK')}         firmware and simulation agree on every feature map, ${bytes} bytes`;
}

const differentVerdict = (difference: Difference, style: Style): string =>
  `${style('red', 'DIFFERENT')}  ${describeDifference(difference)}`;

export function describeDifference(difference: Difference): string {
  const { layer, y, x, channel, expected, actual, count, engine } = difference;
  return (
    `first in layer ${layer} at (y ${y}, x ${x}, channel ${channel}): ` +
    `expected ${expected}, ${engine} has ${actual}; ${formatCount(count)} values differ there`
  );
}

function missingMemory(report: VerifyReport): string {
  const { totals, board } = report;
  const over = (label: string, used: number, limit: number): string[] =>
    used > limit ? [`${formatBytes(used - limit)} more ${label} than ${board.name} has`] : [];
  const lacking = [
    ...over('SRAM', totals.peakSramBytes, board.sramBytes),
    ...over('flash', totals.flashBytes, board.flashBytes),
  ];
  if (lacking.length === 0) lacking.push(`no room for the reserved stack beside arena and variables`);
  return `${lacking.join(', ')}; it ran on a virtual board with enough memory`;
}

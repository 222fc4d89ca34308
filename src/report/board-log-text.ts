/** A board's log for people: one row per layer, and a verdict. */
import type { BoardLogLayer, BoardLogReport } from './board-log-report.js';
import type { Style } from './style.js';
import { type Cell, formatTable } from './table.js';
import { formatCount } from './units.js';

const FORMATS = { equal: 'green', different: 'red', missing: 'yellow' } as const;

const crcText = (crc: number): string => crc.toString(16).padStart(8, '0');

export function formatBoardLog(report: BoardLogReport, style: Style): string {
  const rows = report.layers.map((layer): Cell[] => [
    layer.name,
    verdict(layer),
    layer.cycles === null ? '' : formatCount(layer.cycles),
    formatCount(layer.estimatedCycles),
    layer.ratio === null ? '' : layer.ratio.toFixed(3),
  ]);
  const { cycles } = report;
  if (cycles !== null) {
    rows.push([
      { text: `total of ${report.log}`, format: 'bold' },
      `${report.equalLayers} of ${report.layers.length} equal`,
      formatCount(cycles.measured),
      formatCount(cycles.estimated),
      cycles.ratio.toFixed(3),
    ]);
  }
  return formatTable(
    [
      { title: 'layer on the board', align: 'left', maxWidth: 40 },
      { title: 'CRC', align: 'left' },
      { title: 'cycles measured', align: 'right' },
      { title: 'estimated', align: 'right' },
      { title: 'ratio', align: 'right' },
    ],
    rows,
    style,
  );
}

function verdict(layer: BoardLogLayer): Cell {
  const text =
    layer.verdict === 'different'
      ? `DIFFERENT ${crcText(layer.crc!)}, expected ${crcText(layer.expectedCrc)}`
      : layer.verdict;
  return { text, format: FORMATS[layer.verdict] };
}

/** One line for bytes and, where the board counted, one for cycles. */
export function formatBoardVerdict(report: BoardLogReport, style: Style): string {
  const { cycles } = report;
  const lines = [bytesVerdict(report, style)];
  if (cycles !== null) {
    const range = `${formatCount(cycles.low)} – ${formatCount(cycles.high)}`;
    const place = cycles.within ? 'inside' : 'outside';
    const label = style(cycles.within ? 'green' : 'yellow', cycles.within ? 'CYCLES   ' : 'CYCLES?  ');
    lines.push(
      `${label}  ${report.board} took ${formatCount(cycles.measured)}, ${place} the estimate of ${range}`,
    );
  }
  return lines.join('\n');
}

function bytesVerdict(report: BoardLogReport, style: Style): string {
  const { layers, equalLayers, firstDifference, complete, outputsEqual, board } = report;
  if (report.ok) {
    return `${style('green', 'BOARD')}      ${board} computed all ${layers.length} feature maps of the simulation`;
  }
  const label = style('red', 'BOARD');
  if (firstDifference !== null) {
    const what = layers.some(({ verdict: state }) => state === 'different') ? 'different' : 'missing';
    return `${label}      ${equalLayers} of ${layers.length} layers equal; first ${what}: ${firstDifference}`;
  }
  return `${label}      ${outputsEqual ? '' : 'the outputs differ'}${complete ? '' : 'the log breaks off before its end'}`;
}

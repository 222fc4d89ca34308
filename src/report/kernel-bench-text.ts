/** The report of `bench kernels` for people: a table per core and mode, layers in order, the public kernels beside. */
import type { KernelBenchReport, ReportedKernel } from './kernel-bench-report.js';
import { plainStyle, type Style } from './style.js';
import { type Cell, formatTable } from './table.js';
import { formatBytes, formatCount, formatMilliseconds } from './units.js';

export function formatKernelBench(report: KernelBenchReport, style: Style = plainStyle): string {
  const titleOf = ({ core, mode }: ReportedKernel): string => `Cortex-${core.toUpperCase()}, mode ${mode}`;
  const tables = [...new Set(report.rows.map(titleOf))].map((title) => {
    const rows = report.rows.filter((row) => titleOf(row) === title);
    return `${style('bold', `${title}, zero wait states`)}\n${kernelTable(rows, style)}`;
  });
  const wrong = report.rows.filter(({ equal }) => !equal);
  const verdict =
    wrong.length === 0
      ? `${style('green', 'OK')}  ${report.rows.length} kernels, every output as simulated`
      : `${style('red', 'DIFFERENT')}  ${wrong.map(({ kernel, shape }) => `${kernel} on ${shape}`).join(', ')}`;
  const how = `${report.weights} weights of seed ${report.seed}; ${report.toolchain}; took ${formatMilliseconds(report.timing.totalMs)}`;
  return [...tables, `${style('dim', how)}\n${verdict}`].join('\n\n');
}

function kernelTable(rows: readonly ReportedKernel[], style: Style): string {
  return formatTable(
    [
      { title: 'layer', align: 'left' },
      { title: 'kernel', align: 'left', maxWidth: 44 },
      { title: 'MACs', align: 'right' },
      { title: 'instr.', align: 'right' },
      { title: 'cycles', align: 'right' },
      { title: 'per MAC', align: 'right' },
      { title: 'scratch', align: 'right' },
      { title: 'code', align: 'right' },
      { title: 'public kernels, cycles per MAC', align: 'left' },
    ],
    rows.map((row, i): Cell[] => [
      rows[i - 1]?.shape === row.shape ? '' : row.shape,
      row.chosen ? row.kernel : { text: row.kernel, format: 'dim' },
      row.unit === 'mac' ? formatCount(row.macs) : '',
      row.instructionsPerMac.toFixed(2),
      formatCount(row.cycles),
      row.unit === 'mac' ? row.cyclesPerMac.toFixed(3) : `${row.cyclesPerMac.toFixed(2)} an element`,
      formatBytes(row.scratchBytes),
      formatBytes(row.codeBytes),
      row.equal ? published(row) : { text: 'DIFFERENT', format: 'red' },
    ]),
    style,
  );
}

const published = (row: ReportedKernel): string =>
  row.published.map(({ library, cyclesPerMac }) => `${cyclesPerMac.toFixed(2)} ${library}`).join(', ');

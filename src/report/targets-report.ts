/** The report of `targets`: boards and cores as one table each. */
import type { Board, CoreInfo } from '../targets/target.js';
import { plainStyle, type Style } from './style.js';
import { formatTable } from './table.js';
import { formatBytes } from './units.js';

export interface TargetsReport {
  readonly boards: readonly Board[];
  readonly cores: readonly CoreInfo[];
}

export function formatTargets(report: TargetsReport, style: Style = plainStyle): string {
  const boards = formatTable(
    [
      { title: 'board', align: 'left' },
      { title: 'name', align: 'left' },
      { title: 'core', align: 'left' },
      { title: 'clock', align: 'right' },
      { title: 'SRAM', align: 'right' },
      { title: 'flash', align: 'right' },
      { title: 'memory factor', align: 'left' },
    ],
    report.boards.map((board) => [
      board.id,
      board.name,
      board.core,
      `${board.clockHz / 1e6} MHz`,
      formatBytes(board.sram.bytes),
      formatBytes(board.flash.bytes),
      `${board.memoryFactor.low}–${board.memoryFactor.high}`,
    ]),
    style,
  );
  const cores = formatTable(
    [
      { title: 'core', align: 'left' },
      { title: 'name', align: 'left' },
      { title: 'architecture', align: 'left' },
      { title: 'kernels', align: 'left' },
      { title: 'cycle model', align: 'left' },
    ],
    report.cores.map((core) => [
      core.id,
      core.name,
      core.architecture,
      core.feature,
      `±${Math.round(core.uncertainty.relative * 100)} %: ${core.uncertainty.basis}`,
    ]),
    style,
  );
  return `${boards}\n\n${cores}`;
}

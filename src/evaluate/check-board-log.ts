/** Compares a board's log with the simulation and with the emulated cycles, layer by layer. */
import { type BoardLog, parseBoardLog } from '../compare/board-log.js';
import type { EmulationResult } from '../emulate/layer-profile.js';
import type { BoundPlan } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { type BoardLogReport, buildBoardLogReport } from '../report/board-log-report.js';
import { crc32 } from '../support/crc32.js';
import { badInput } from '../support/errors.js';
import { type Board, coreOf } from '../targets/index.js';
import type { SimulatedMaps } from './verify-facts.js';

export interface LogFile {
  readonly name: string;
  readonly text: string;
}

export const readBoardLog = ({ name, text }: LogFile): BoardLog => parseBoardLog(text, name);

/** Throws `log/…` (kind `input`) when the log is damaged, or of another network, core or input. */
export function openBoardLog(
  file: LogFile,
  board: Board,
  plan: DeployPlan,
  inputs: readonly Uint8Array[],
): BoardLog {
  const log = readBoardLog(file);
  requireSame(file.name, log, board, plan);
  requireInputs(file.name, log, inputs);
  return log;
}

/** Layer by layer: the CRC of the simulated map beside the board's, the emulated cycles beside the counted ones. */
export function compareBoardLog(
  log: BoardLog,
  name: string,
  board: Board,
  bound: BoundPlan,
  simulated: SimulatedMaps,
  emulation: EmulationResult | undefined,
): BoardLogReport {
  return buildBoardLogReport({
    ...{ log: name, board, core: coreOf(board.core), complete: log.complete },
    outputsEqual: simulated.outputs.every((bytes, i) => crc32(bytes) === log.outputs[i]),
    layers: bound.plan.steps.map((step, i) => ({
      name: step.name,
      expectedCrc: crc32(simulated.maps[i]!),
      crc: log.layers[i]?.crc ?? null,
      cycles: log.layers[i]?.cycles ?? 0,
      estimatedCycles: emulation?.steps[i]?.cycles ?? 0,
      isRequest: bound.steps[i]?.request !== undefined,
    })),
  });
}

function requireSame(where: string, log: BoardLog, board: Board, plan: DeployPlan): void {
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['core', log.core, board.core],
    ['requantisation', log.mode, plan.requantization],
    ['number of layers', log.layerCount, plan.steps.length],
  ];
  for (const [what, found, expected] of pairs) {
    if (found === expected) continue;
    throw badInput('log/other', `the log is of another firmware: the ${what} differs`, {
      ...{ where, found: `${found} (model ${log.model}, board ${log.board})`, expected: String(expected) },
      fix: 'Give verify the model, mode and board that codegen --self-check was given.',
    });
  }
}

function requireInputs(where: string, log: BoardLog, inputs: readonly Uint8Array[]): void {
  const hex = (crc: number): string => crc.toString(16).padStart(8, '0');
  inputs.forEach((bytes, i) => {
    const logged = log.inputs[i];
    if (logged?.crc === crc32(bytes) && logged.bytes === bytes.length) return;
    throw badInput('log/input', `the board computed on another input ${i}`, {
      where,
      found: logged === undefined ? 'none' : `${logged.bytes} bytes of CRC ${hex(logged.crc)}`,
      expected: `${bytes.length} bytes of CRC ${hex(crc32(bytes))}`,
      fix: 'Give verify the --seed or --input that codegen --self-check was given.',
    });
  });
}

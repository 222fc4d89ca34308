/** Cases built for a board, run on the built-in core, and held against the reference. */
import { findToolchain } from '../../src/compile/toolchain.js';
import type { Host } from '../../src/support/host.js';
import { tensorDifference } from './c-difference.js';
import type { ParityCase } from './c-programs.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';

export interface EmulatedOn {
  readonly boardId: string;
  readonly compiler: string;
  /** Alters files before they are compiled. */
  readonly change?: (path: string, text: string) => string;
}

/** Per case where its output differs first; empty when the bytes are equal. */
export async function emulatedDifferences(
  host: Host,
  cases: readonly ParityCase[],
  { boardId, compiler, change = (_, text) => text }: EmulatedOn,
): Promise<readonly string[]> {
  const board = roomyBoard(boardId);
  const elf = await buildCases(host, await findToolchain(host, compiler), cases, board, { change });
  const runs = emulateCases(cases, elf, board, 'builtin');
  return cases.map(({ sample, expected }, i) => tensorDifference(sample, expected, runs[i]!.output)[0] ?? '');
}

export const isDifference = (line: string): boolean => line !== '';

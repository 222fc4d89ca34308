/** The boards a command can choose from: THE list, and one from `--board file.json`. */
import { Option } from 'commander';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { BOARDS, type Board, CORE_IDS } from '../targets/index.js';
import { parseBoard } from './read-board.js';

export interface BoardOptions {
  readonly target?: string;
  readonly board?: string;
}

export const boardOption = (): Option => new Option('--board <file>', 'adds a board from a JSON file');
export const targetOption = (): Option =>
  new Option(
    '--target <board>',
    `one of ${BOARDS.map((board) => board.id).join(', ')}, or the one of --board`,
  );

/** THE list, where a board from a file takes the place of one with the same id. */
export async function listBoards(host: Host, options: BoardOptions): Promise<readonly Board[]> {
  if (options.board === undefined) return BOARDS;
  const text = new TextDecoder().decode(await host.readFile(options.board));
  const added = parseBoard(text, options.board, CORE_IDS);
  return [...BOARDS.filter((board) => board.id !== added.id), added];
}

/** The board that `--target` names; `--board` alone is enough. */
export async function findTarget(host: Host, options: BoardOptions): Promise<Board> {
  const boards = await listBoards(host, options);
  const id = options.target ?? (options.board === undefined ? undefined : boards.at(-1)!.id);
  const board = boards.find((candidate) => candidate.id === id);
  if (board !== undefined) return board;
  throw badInput('target/unknown', id === undefined ? 'no target board was named' : 'no such board', {
    ...(id === undefined ? {} : { found: id }),
    expected: `--target ${boards.map((candidate) => candidate.id).join('|')}`,
    fix: 'A board of your own comes from --board file.json.',
  });
}

/** For a command that takes a program: no board is needed, and `--board` may also name one of THE list. */
export async function findProgramBoard(host: Host, options: BoardOptions): Promise<Board | undefined> {
  const { target, board } = options;
  if (target === undefined && board === undefined) return undefined;
  const isListed = BOARDS.some((listed) => listed.id === board);
  return findTarget(host, isListed ? { target: target ?? board! } : options);
}

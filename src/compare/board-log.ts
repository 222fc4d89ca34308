/**
 * Reads what the self-check firmware printed: lines as drawn in firmware-templates/self_check/self_check.h, among whatever
 * else a terminal recorded. Of several runs in one log the last complete one counts.
 */
import { badInput } from '../support/errors.js';

export interface LoggedLayer {
  readonly crc: number;
  /** 0 where the core has no cycle counter. */
  readonly cycles: number;
}

export interface BoardLog {
  /** `layers`, `mode`, `core`, `board`, `model` as the firmware states them. */
  readonly layerCount: number;
  readonly mode: string;
  readonly core: string;
  readonly board: string;
  readonly model: string;
  readonly inputs: readonly { readonly bytes: number; readonly crc: number }[];
  /** By step; shorter than `layerCount` when the log breaks off. */
  readonly layers: readonly LoggedLayer[];
  readonly outputs: readonly number[];
  /** The firmware came to its end. */
  readonly complete: boolean;
}

const MARK = 'quantmcu-check ';
const VERSION = '1';

/** Errors (`input`): `log/…`. `where` names the log. */
export function parseBoardLog(text: string, where: string): BoardLog {
  const lines = text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.includes(MARK))
    .map((line) => line.slice(line.indexOf(MARK) + MARK.length).trim());
  const runs: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('begin ')) runs.push([line]);
    else runs.at(-1)?.push(line);
  }
  if (runs.length === 0) {
    throw badInput('log/empty', 'no run of a self-check in the log', {
      where,
      expected: `a line with "${MARK}begin"`,
      fix: 'Build the firmware that codegen --self-check writes, run it, and keep all that it prints.',
    });
  }
  const read = runs.map((run) => readRun(run, where));
  return read.filter((run) => run.complete).at(-1) ?? read.at(-1)!;
}

function readRun([begin, ...lines]: readonly string[], where: string): BoardLog {
  const head = readBegin(begin!, where);
  const inputs: { bytes: number; crc: number }[] = [];
  const layers: LoggedLayer[] = [];
  const outputs: number[] = [];
  let complete = false;
  for (const line of lines) {
    const [, what, index] = /^(input|layer|output) (\d+)/.exec(line) ?? [];
    const crc = field(line, 'crc', 16);
    if (line === 'end') complete = true;
    else if (what === 'input' && inputs.length === Number(index)) {
      inputs.push({
        bytes: required(field(line, 'bytes', 10), line, where),
        crc: required(crc, line, where),
      });
    } else if (what === 'layer' && layers.length === Number(index)) {
      layers.push({
        crc: required(crc, line, where),
        cycles: required(field(line, 'cycles', 10), line, where),
      });
    } else if (what === 'output' && outputs.length === Number(index))
      outputs.push(required(crc, line, where));
    else throw damaged(line, where);
  }
  return { ...head, inputs, layers, outputs, complete: complete && layers.length === head.layerCount };
}

type Head = Pick<BoardLog, 'layerCount' | 'mode' | 'core' | 'board' | 'model'>;

function readBegin(line: string, where: string): Head {
  const fields = /^begin version=(\S+) layers=(\d+) mode=(\S+) core=(\S+) board=(\S+) model=(.*)$/.exec(line);
  if (fields === null) throw damaged(line, where);
  const [, version, layers, mode, core, board, model] = fields;
  if (version !== VERSION) {
    throw badInput('log/version', 'a self-check of another version of quantmcu', {
      ...{ where, found: `version ${version}`, expected: `version ${VERSION}` },
      fix: 'Generate the firmware again.',
    });
  }
  return { layerCount: Number(layers), mode: mode!, core: core!, board: board!, model: model! };
}

/** ` name=value`, undefined when it is missing or no number. */
function field(line: string, name: string, base: 10 | 16): number | undefined {
  const digits = base === 16 ? '[0-9a-f]{8}' : '\\d{1,10}';
  const found = new RegExp(` ${name}=(${digits})(?: |$)`).exec(line);
  return found === null ? undefined : Number.parseInt(found[1]!, base);
}

function required(value: number | undefined, line: string, where: string): number {
  if (value === undefined) throw damaged(line, where);
  return value;
}

const damaged = (line: string, where: string): Error =>
  badInput('log/damaged', 'a line of the self-check is damaged or out of order', {
    where,
    found: line.slice(0, 80),
    fix: 'Characters may be lost on a serial line without flow control: print slower, and run it again.',
  });

/** Reads a board description (`--board file.json`): the fields of `Board`, checked one by one. */
import { badInput } from '../support/errors.js';
import type { Board, CoreId } from '../targets/target.js';

type Fields = Readonly<Record<string, unknown>>;

/** No statement about wait states: zero to a factor that flash without a cache can cost. */
const UNKNOWN_MEMORY = { low: 1, mid: 1.2, high: 1.5, basis: 'not stated for this board' } as const;

const EXAMPLE =
  '{"id": "mine", "core": "m4", "clockHz": 64000000, "flash": {"origin": 0, "bytes": 1048576}, ' +
  '"sram": {"origin": 536870912, "bytes": 262144}}';

/** Errors (`input`): `board/…`, naming file and field. */
export function parseBoard(text: string, where: string, cores: readonly CoreId[]): Board {
  const fields = asObject(parseJson(text, where), where);
  const core = cores.find((id) => id === fields.core);
  if (core === undefined) throw wrong(`${where}, "core"`, fields.core, cores.join(', '));
  const id = readText(fields, 'id', where);
  return {
    id,
    name: fields.name === undefined ? id : readText(fields, 'name', where),
    core,
    clockHz: readNumber(fields, 'clockHz', where, 1),
    flash: readRegion(fields, 'flash', where),
    sram: readRegion(fields, 'sram', where),
    memoryFactor: fields.memoryFactor === undefined ? UNKNOWN_MEMORY : readFactor(fields, where),
    source: fields.source === undefined ? where : readText(fields, 'source', where),
  };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badInput('board/json', `not JSON (${(error as Error).message})`, { where, expected: EXAMPLE });
  }
}

const wrong = (where: string, found: unknown, expected: string): Error =>
  badInput('board/field', 'wrong value', { where, found: JSON.stringify(found) ?? 'nothing', expected });

function asObject(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(where, value, EXAMPLE);
}

function readText(fields: Fields, key: string, where: string): string {
  const value = fields[key];
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(`${where}, "${key}"`, value, 'a text');
}

function readNumber(fields: Fields, key: string, where: string, least: number): number {
  const value = fields[key];
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  throw wrong(`${where}, "${key}"`, value, `a number of at least ${least}`);
}

const MIN_MEMORY_BYTES = 1024;
const ADDRESS_LIMIT = 2 ** 32;

function readRegion(fields: Fields, key: string, where: string): { origin: number; bytes: number } {
  const inner = `${where}, "${key}"`;
  const region = asObject(fields[key], inner);
  const origin = readNumber(region, 'origin', inner, 0);
  const bytes = readNumber(region, 'bytes', inner, MIN_MEMORY_BYTES);
  const isWhole = Number.isInteger(origin) && Number.isInteger(bytes) && origin % 4 === 0;
  if (isWhole && origin + bytes <= ADDRESS_LIMIT) return { origin, bytes };
  throw wrong(inner, region, 'whole numbers inside 32-bit addresses, the origin a multiple of 4');
}

function readFactor(fields: Fields, where: string): Board['memoryFactor'] {
  const inner = `${where}, "memoryFactor"`;
  const factor = asObject(fields.memoryFactor, inner);
  const low = readNumber(factor, 'low', inner, 0.5);
  const mid = readNumber(factor, 'mid', inner, low);
  return { low, mid, high: readNumber(factor, 'high', inner, mid), basis: readText(factor, 'basis', inner) };
}

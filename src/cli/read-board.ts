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
    ...readMemories(fields, where),
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
/** From here on the Armv7-M and Armv8-M memory maps place the core's own registers. */
const SYSTEM_SPACE = 0xe000_0000;
/** The vector table of every core here fits 128 bytes up to interrupt 15; VTOR ignores the address bits below. */
const FLASH_ALIGNMENT = 128;
const SRAM_ALIGNMENT = 8;

interface Region {
  readonly origin: number;
  readonly bytes: number;
}

function readRegion(fields: Fields, key: string, alignment: number, where: string): Region {
  const inner = `${where}, "${key}"`;
  const region = asObject(fields[key], inner);
  const origin = readNumber(region, 'origin', inner, 0);
  const bytes = readNumber(region, 'bytes', inner, MIN_MEMORY_BYTES);
  const isWhole = Number.isInteger(origin) && Number.isInteger(bytes) && origin % alignment === 0;
  if (isWhole && origin + bytes <= SYSTEM_SPACE) return { origin, bytes };
  const expected = `whole numbers, the origin a multiple of ${alignment}, the end at most ${SYSTEM_SPACE}`;
  throw wrong(inner, region, expected);
}

function readMemories(fields: Fields, where: string): { readonly flash: Region; readonly sram: Region } {
  const flash = readRegion(fields, 'flash', FLASH_ALIGNMENT, where);
  const sram = readRegion(fields, 'sram', SRAM_ALIGNMENT, where);
  const isApart = flash.origin + flash.bytes <= sram.origin || sram.origin + sram.bytes <= flash.origin;
  if (isApart) return { flash, sram };
  throw wrong(`${where}, "sram"`, sram, 'memory that does not overlap "flash"');
}

function readFactor(fields: Fields, where: string): Board['memoryFactor'] {
  const inner = `${where}, "memoryFactor"`;
  const factor = asObject(fields.memoryFactor, inner);
  const low = readNumber(factor, 'low', inner, 0.5);
  const mid = readNumber(factor, 'mid', inner, low);
  return { low, mid, high: readNumber(factor, 'high', inner, mid), basis: readText(factor, 'basis', inner) };
}

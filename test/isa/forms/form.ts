/**
 * What an instruction form is: a bit pattern with named fields. The forms drive the differential tests and their count.
 * Patterns are written as in the Architecture Reference Manual, most significant bit first; spaces are ignored.
 * Letters are fields; a letter that occurs in several places is one field, its bits in order.
 */
import type { Random } from '../../../src/support/random.js';
import type { CoreId } from '../../../src/targets/target.js';

export type Fields = Readonly<Record<string, number>>;

/** What the core must have. */
export type Needs = 'fpv5' | 'double' | 'armv8m' | 'fpu';

export interface MemoryUse {
  /** Field of the base register; `sp` for SP-relative, `pc` for literals. */
  readonly base: string;
  /** Field of an index register. */
  readonly index?: string;
  /** The address must be a multiple of this (LDM, LDRD, VLDR, exclusives). Default 1. */
  readonly align?: number;
  /** Displacement in bytes, so that aligned forms hit aligned addresses whatever the base. Default 0. */
  readonly displacement?: (fields: Fields) => number;
}

export interface Form {
  readonly name: string;
  readonly pattern: string;
  readonly needs?: Needs;
  /** Registers that fields of four bits may not name; default 13 and 15 for every field in `registers`. */
  readonly avoid?: Readonly<Record<string, readonly number[]>>;
  readonly memory?: MemoryUse;
  /** Further conditions of the manual (UNPREDICTABLE otherwise). */
  readonly valid?: (fields: Fields) => boolean;
  /** May not stand in an IT block. */
  readonly notInIt?: boolean;
  /** In an IT block it would branch, or it means something else there. */
  readonly branch?: boolean;
  /** Unicorn sets Q wrongly (SMLAD and relatives). */
  readonly qIgnored?: boolean;
  /** Only with FPSCR's rounding mode to nearest. */
  readonly nearestOnly?: boolean;
  /** Prepares registers beyond the memory operand. */
  readonly prepare?: (state: Uint32Array, fields: Fields, random: Random) => void;
}

/** Fields that are register numbers. */
const REGISTER_FIELDS = 'dnmatubl';

export interface Encoded {
  readonly code: Uint16Array;
  readonly fields: Fields;
}

export const supports = (form: Form, core: CoreId): boolean => {
  switch (form.needs) {
    case 'fpv5':
      return core !== 'm4';
    case 'double':
      return core === 'm7';
    case 'armv8m':
      return core === 'm33';
    default:
      return true;
  }
};

/** A random encoding of the form. */
export function encode(form: Form, random: Random): Encoded {
  const bits = form.pattern.replace(/\s/g, '');
  for (let attempt = 0; attempt < 1000; attempt++) {
    const { words, fields } = fill(bits, random);
    if (!registersAllowed(form, fields) || form.valid?.(fields) === false) continue;
    return { code: words, fields };
  }
  throw new Error(`form ${form.name}: no valid encoding found`);
}

function fill(bits: string, random: Random): { readonly words: Uint16Array; readonly fields: Fields } {
  const words = new Uint16Array(bits.length / 16);
  const fields: Record<string, number> = {};
  for (let index = 0; index < bits.length; index++) {
    const symbol = bits[index]!;
    let bit: number;
    if (symbol === '0' || symbol === '1') bit = Number(symbol);
    else {
      bit = random.next() < 0.5 ? 0 : 1;
      fields[symbol] = ((fields[symbol] ?? 0) << 1) | bit;
    }
    words[index >> 4] = (words[index >> 4]! << 1) | bit;
  }
  return { words, fields };
}

function registersAllowed(form: Form, fields: Fields): boolean {
  const bits = form.pattern.replace(/\s/g, '');
  for (const [name, value] of Object.entries(fields)) {
    const avoid = form.avoid?.[name];
    if (avoid !== undefined) {
      if (avoid.includes(value)) return false;
      continue;
    }
    if (!REGISTER_FIELDS.includes(name)) continue;
    const width = [...bits].filter((symbol) => symbol === name).length;
    if (width === 4 && (value === 13 || value === 15)) return false;
  }
  return true;
}

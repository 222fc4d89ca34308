/** What an option's text says: numbers in their bounds, sizes, lists. All throw commander's InvalidArgumentError. */
import { InvalidArgumentError } from 'commander';
import { WIDTH_LIST, type Width } from '../numeric/widths.js';

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a positive whole number');
}

export function wholeNumber(text: string): number {
  return text === '0' ? 0 : positiveInteger(text);
}

/** Beyond this, threads only take memory. */
const MOST_THREADS = 64;

export function threadCount(text: string): number {
  const threads = positiveInteger(text);
  if (threads <= MOST_THREADS) return threads;
  throw new InvalidArgumentError(`expected at most ${MOST_THREADS}`);
}

export const numberBetween =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a number from ${low} to ${high}`);
  };

/** `a,b,c`, every part by `parse`. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string): readonly T[] =>
    text.split(',').map((part) => parse(part.trim()));

/** One of `names`; to be used within `listOf`, where commander's own `choices` does not apply. */
export const oneOf =
  <T extends string>(names: readonly T[]) =>
  (text: string): T => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`expected some of ${names.join(', ')}`);
  };

export function width(text: string): Width {
  const found = WIDTH_LIST.find((bits) => String(bits) === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError('expected 8, 4 or 2');
}

/** `262144`, `256K` or `1M`: KiB and MiB. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKmM]?)(?:i?[bB])?$/.exec(text);
  const unit = { '': 1, k: 1024, m: 1024 * 1024 }[match?.[2]?.toLowerCase() ?? ''];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('expected bytes, like 262144, 256K or 1M');
}

/** `3x4` or `3×4`, rows first; `4` is 4×4. */
export function gridSize(text: string): readonly [number, number] {
  const match = /^(\d+)(?:[x×](\d+))?$/.exec(text);
  const [rows, columns] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (rows >= 1 && columns >= 1) return [rows, columns];
  throw new InvalidArgumentError('expected rows×columns, like 4x4 or 3x4');
}

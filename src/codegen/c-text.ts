/** Small pieces of C text: initialisers, array bodies, identifiers, comments. */
import {
  type ArgumentRecord,
  type ArgumentValue,
  type BoundConstant,
  CONSTANT_BYTES,
  type ConstantType,
} from '../ir/bound-plan.js';

const WIDTH = 118;

/** One element as C text. */
const ELEMENT_TEXT: Readonly<Record<ConstantType, (view: DataView, at: number) => string>> = {
  int8_t: (view, at) => String(view.getInt8(at)),
  uint8_t: (view, at) => hex(view.getUint8(at), 2),
  uint16_t: (view, at) => String(view.getUint16(at, true)),
  int32_t: (view, at) => int32(view.getInt32(at, true)),
  uint32_t: (view, at) => hex(view.getUint32(at, true), 8),
  'struct qmcu_channel': (view, at) => {
    const [bias, multiplier] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
    const small = [8, 9, 10].map((field) => view.getUint8(at + field));
    return `{${[int32(bias), int32(multiplier), ...small].join(', ')}}`;
  },
};

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** −2147483648 is no C constant of type int: it would be the negation of one that does not fit. */
const int32 = (value: number): string => (value === -2147483648 ? '(-2147483647 - 1)' : String(value));

export const elementCountOf = ({ type, ref }: BoundConstant): number => ref.length / CONSTANT_BYTES[type];

/** The elements of a constant as lines of an array initialiser. */
export function arrayBody(constant: BoundConstant, blob: Uint8Array): string {
  const text = ELEMENT_TEXT[constant.type];
  const bytes = CONSTANT_BYTES[constant.type];
  const view = new DataView(blob.buffer, blob.byteOffset + constant.ref.offset, constant.ref.length);
  const items: string[] = [];
  for (let at = 0; at < constant.ref.length; at += bytes) items.push(text(view, at));
  return wrap(items);
}

/** Comma-separated items on lines of limited width. */
export function wrap(items: readonly string[], indent = '  '): string {
  const lines: string[] = [];
  let line = indent;
  for (const item of items) {
    if (line.length + item.length + 2 > WIDTH && line !== indent) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${item}, `;
  }
  if (line !== indent) lines.push(line.trimEnd());
  return lines.join('\n');
}

/** A struct initialiser with designated fields. `nameOf` gives the C name of a constant. */
export function structBody(
  record: ArgumentRecord,
  nameOf: (constant: number) => string,
  indent: string,
): string {
  return Object.entries(record)
    .map(([field, value]) => `${indent}.${field} = ${argument(value, nameOf)},`)
    .join('\n');
}

function argument(value: ArgumentValue, nameOf: (constant: number) => string): string {
  if (typeof value === 'number') return int32(value);
  if (Array.isArray(value)) return `{${value.map(int32).join(', ')}}`;
  const record = value as ArgumentRecord;
  if (typeof record.constant === 'number') return nameOf(record.constant);
  const fields = Object.entries(record).map(([field, inner]) => `.${field} = ${argument(inner, nameOf)}`);
  return `{${fields.join(', ')}}`;
}

/** Text that cannot end a C comment or continue a line. */
export const commentText = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
    .replace(/\\+$/, '');

/** A C string literal. */
export const stringLiteral = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\?]/g, (c) => `\\${c}`)}"`;

/** A float constant that reads back to the same float. */
export function floatLiteral(value: number): string {
  const text = Math.fround(value).toPrecision(9);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

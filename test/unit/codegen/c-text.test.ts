/** C text that must compile whatever the values are. */
import { describe, expect, it } from 'vitest';
import {
  arrayBody,
  commentText,
  floatLiteral,
  stringLiteral,
  structBody,
  wrap,
} from '../../../src/codegen/c-text.js';
import { fillTemplate } from '../../../src/codegen/templates.js';

const constant = (type: 'int32_t' | 'int8_t' | 'uint16_t', length: number) => ({
  name: 'c',
  type,
  ref: { offset: 0, length },
});

describe('array bodies', () => {
  it('print every type little-endian, INT32_MIN as an expression of type int', () => {
    const bytes = Uint8Array.from([0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff]);
    expect(arrayBody(constant('int32_t', 8), bytes)).toBe('  (-2147483647 - 1), -1,');
    expect(arrayBody(constant('int8_t', 4), bytes)).toBe('  0, 0, 0, -128,');
    expect(arrayBody(constant('uint16_t', 4), bytes)).toBe('  0, 32768,');
  });

  it('wrap long lines', () => {
    const lines = wrap(Array.from({ length: 100 }, (_, i) => String(i))).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(118);
    expect(lines.length).toBeGreaterThan(2);
  });
});

describe('literals', () => {
  it('floats read back to the same float', () => {
    for (const value of [0.1, 1, 255, 1 / 3, 1e-30, 3e20, 123456789]) {
      const text = floatLiteral(value);
      expect(text).toMatch(/^[\d.e+-]+f$/);
      expect(text).toMatch(/[.e]/);
      expect(Math.fround(Number(text.slice(0, -1)))).toBe(Math.fround(value));
    }
  });

  it('strings and comments cannot be left', () => {
    expect(stringLiteral('a"b\\c\n??/')).toBe('"a\\"b\\\\c\\?\\?\\?/"');
    expect(commentText('a */ b /* c \\')).toBe('a * / b / * c ');
    expect(commentText('/*/')).not.toMatch(/\*\//);
  });
});

it('structs print nested records, arrays and constants', () => {
  const text = structBody({ a: 1, b: [2, -3], c: { constant: 4 }, d: { e: 5 } }, (id) => `array_${id}`, '  ');
  expect(text).toBe('  .a = 1,\n  .b = {2, -3},\n  .c = array_4,\n  .d = {.e = 5},');
});

describe('templates', () => {
  const templates = new Map([['t', 'x {{a}} {{b}} {{a}}']]);
  it('fill every placeholder', () => {
    expect(fillTemplate(templates, 't', { a: 1, b: '$&' })).toBe('x 1 $& 1');
  });
  it('refuse a missing value, a superfluous one and a missing file', () => {
    expect(() => fillTemplate(templates, 't', { a: 1 })).toThrow('t: placeholder b has no value');
    expect(() => fillTemplate(templates, 't', { a: 1, b: 2, c: 3 })).toThrow(
      't: the template has no placeholder c',
    );
    expect(() => fillTemplate(templates, 'u', {})).toThrow('u: the template is missing');
  });
});

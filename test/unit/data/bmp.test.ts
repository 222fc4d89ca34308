import { describe, expect, it } from 'vitest';
import { decodeBmp } from '../../../src/data/bmp.js';
import { QuantmcuError } from '../../../src/support/errors.js';
import { createRandom } from '../../../src/support/random.js';

/** The two headers of a BMP, field by field. */
function header(width: number, height: number, bits: number, paletteEntries: number): number[] {
  const u16 = (v: number): number[] => [v & 255, (v >> 8) & 255];
  const u32 = (v: number): number[] => [...u16(v & 0xffff), ...u16(v >>> 16)];
  const offset = 54 + paletteEntries * 4;
  return [
    ...[0x42, 0x4d, ...u32(0), ...u32(0), ...u32(offset)],
    ...[...u32(40), ...u32(width), ...u32(height), ...u16(1), ...u16(bits)],
    ...[...u32(0), ...u32(0), ...u32(0), ...u32(0), ...u32(paletteEntries), ...u32(0)],
  ];
}

// 2×2, 24 bits: rows padded from 6 to 8 bytes, bottom row first, blue first.
const BMP_24 = [
  ...header(2, 2, 24, 0),
  ...[30, 20, 10, 60, 50, 40, 0, 0], // bottom row
  ...[3, 2, 1, 6, 5, 4, 0, 0], // top row
];
const PIXELS = [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60];

describe('decodeBmp', () => {
  it('reads 24 bits bottom-up with row padding', () => {
    expect(decodeBmp(Uint8Array.from(BMP_24), 'a.bmp')).toEqual({
      width: 2,
      height: 2,
      data: Uint8Array.from(PIXELS),
    });
  });

  it('reads 32 bits top-down', () => {
    const bytes = [...header(2, -2, 32, 0), 3, 2, 1, 9, 6, 5, 4, 9, 30, 20, 10, 9, 60, 50, 40, 9];
    expect([...decodeBmp(Uint8Array.from(bytes), 'a.bmp').data]).toEqual(PIXELS);
  });

  it('reads 8 bits through the palette, black beyond it', () => {
    const palette = [7, 8, 9, 0, 70, 80, 90, 0]; // blue, green, red, unused
    const bytes = [...header(3, 1, 8, 2), ...palette, 1, 0, 5, 0];
    expect([...decodeBmp(Uint8Array.from(bytes), 'a.bmp').data]).toEqual([90, 80, 70, 9, 8, 7, 0, 0, 0]);
  });

  it('names a cut-off file in one line', () => {
    expect(() => decodeBmp(Uint8Array.from(BMP_24.slice(0, -3)), 'cut.bmp')).toThrow(
      'cut.bmp: the picture is cut off; found 67 bytes; expected 70',
    );
  });

  it('refuses run-length compression', () => {
    const bytes = Uint8Array.from([...header(2, 2, 8, 0), 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes[30] = 1;
    expect(() => decodeBmp(bytes, 'rle.bmp')).toThrow(/8 bits, compression 1.*Convert the picture to PNG\.$/);
  });

  it('ends 2000 mutations with a picture or a QuantmcuError', () => {
    const random = createRandom(20261123);
    let pictures = 0;
    let errors = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from(BMP_24);
      const flips = random.integer(1, 3);
      for (let k = 0; k < flips; k++) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      const cut = random.next() < 0.2 ? random.integer(0, bytes.length) : bytes.length;
      try {
        decodeBmp(bytes.subarray(0, cut), 'mutant.bmp');
        pictures += 1;
      } catch (error) {
        if (!(error instanceof QuantmcuError)) throw new Error(`seed ${random.seed}, case ${i}: ${error}`);
        errors += 1;
      }
    }
    expect(pictures).toBeGreaterThan(100);
    expect(errors).toBeGreaterThan(100);
  });
});

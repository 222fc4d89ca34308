/** Planes drawn by hand, mapped back to packed bytes. */
import { describe, expect, it } from 'vitest';
import { mapOfPlanes, planeGroupBytes, planesBytes } from '../../../src/ir/planes-layout.js';

/** 2×3 pixels in planes of 4×6, from (1, 2) on. */
const LAYOUT = { rows: 4, columns: 6, top: 1, left: 2 } as const;
const PADDING = 77;

describe('planes', () => {
  it('have four channels to a group, whole groups', () => {
    expect(planeGroupBytes(LAYOUT)).toBe(4 * 4 * 6 * 2);
    expect(planesBytes(LAYOUT, 4)).toBe(192);
    expect(planesBytes(LAYOUT, 5)).toBe(384);
  });

  it('are mapped back pixel by pixel, padding left out', () => {
    const planes = new Int16Array(planesBytes(LAYOUT, 5) / 2).fill(PADDING);
    // Value of channel c at (y, x): c·6 + y·3 + x, less 10. Groups of 96 values, rows of 24, channels of 6.
    for (let c = 0; c < 5; c++)
      for (let y = 0; y < 2; y++)
        for (let x = 0; x < 3; x++) {
          const at = (c < 4 ? 0 : 96) + (y + 1) * 24 + (c % 4) * 6 + x + 2;
          planes[at] = c * 6 + y * 3 + x - 10;
        }
    const map = mapOfPlanes(new Uint8Array(planes.buffer), LAYOUT, [2, 3, 5], 8);
    const pixel = (first: number): number[] => [first, first + 6, first + 12, first + 18, first + 24];
    expect([...new Int8Array(map.buffer)]).toEqual([-10, -9, -8, -7, -6, -5].flatMap(pixel));
  });

  it('pack narrow values', () => {
    const planes = new Int16Array(planesBytes(LAYOUT, 3) / 2).fill(PADDING);
    const values = [1, 2, 3];
    values.forEach((value, c) => {
      for (let y = 0; y < 2; y++) planes.fill(value + y, (y + 1) * 24 + c * 6 + 2, (y + 1) * 24 + c * 6 + 5);
    });
    const map = mapOfPlanes(new Uint8Array(planes.buffer), LAYOUT, [2, 3, 3], 4);
    expect([...map]).toEqual([0x21, 0x03, 0x21, 0x03, 0x21, 0x03, 0x32, 0x04, 0x32, 0x04, 0x32, 0x04]);
  });
});

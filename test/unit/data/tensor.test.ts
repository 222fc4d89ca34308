import { describe, expect, it } from 'vitest';
import type { InputSpec } from '../../../src/data/input-spec.js';
import { storePixels, storeReals } from '../../../src/data/input-spec.js';
import { parseNpy } from '../../../src/data/npy.js';
import { PRESETS } from '../../../src/data/recipe.js';
import { loadTensor } from '../../../src/data/tensor.js';

const spec = (changes: Partial<InputSpec> = {}): InputSpec => ({
  name: 'x',
  shape: [1, 2, 1],
  dtype: 'int8',
  scale: 1 / 255,
  zeroPoint: -128,
  ...changes,
});
const recipe = PRESETS.stretch;
const signed = (bytes: Uint8Array): number[] => [
  ...new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
];

/** numpy.lib.format version 1.0. */
function npy(descr: string, shape: string, data: Uint8Array, order = 'False'): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`.padEnd(117, ' ');
  const head = [0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0, ...Buffer.from(`${dict}\n`)];
  return Uint8Array.from([...head, ...data]);
}

describe('storePixels', () => {
  it('shifts pixels by 128 for integer inputs', () => {
    expect(signed(storePixels(Uint8Array.of(0, 128, 255), spec(), recipe))).toEqual([-128, 0, 127]);
    expect(signed(storePixels(Uint8Array.of(0, 255), spec({ dtype: 'uint8' }), recipe))).toEqual([-128, 127]);
  });

  it('finds the convention of a float input from its range', () => {
    // −1…1 in steps of 1/128: pixel 51 is 0.4 − 1 = −0.6, −76.8 steps.
    const symmetric = spec({ dtype: 'float32', scale: 1 / 128, zeroPoint: 0 });
    expect(signed(storePixels(Uint8Array.of(0, 51, 255), symmetric, recipe))).toEqual([-128, -77, 127]);
    // 0…1: pixel 51 is 0.2, 51 steps of 1/255 above −128.
    expect(signed(storePixels(Uint8Array.of(51), spec({ dtype: 'float32' }), recipe))).toEqual([-77]);
    // 0…255: one step each.
    expect(signed(storePixels(Uint8Array.of(7), spec({ dtype: 'float32', scale: 1 }), recipe))).toEqual([
      -121,
    ]);
  });

  it('follows scale, mean and std of a recipe per channel', () => {
    const three = spec({ shape: [1, 1, 3], scale: 0.5, zeroPoint: 0 });
    const given = { ...recipe, scale: 0.1, mean: [1, 2, 3], std: [1, 0.5, 2] };
    // (100·0.1 − 1)/1 = 9 → 18; (10 − 2)/0.5 = 16 → 32; (10 − 3)/2 = 3.5 → 7
    expect(signed(storePixels(Uint8Array.of(100, 100, 100), three, given))).toEqual([18, 32, 7]);
  });
});

describe('storeReals', () => {
  it('rounds halves away from zero, saturates, and keeps NaN harmless', () => {
    const unit = spec({ scale: 1, zeroPoint: 0 });
    const reals = Float32Array.of(0.5, -0.5, 1.5, -2.5, 300, -300, Number.NaN, Number.POSITIVE_INFINITY);
    expect(signed(storeReals(reals, unit))).toEqual([1, -1, 2, -3, 127, -128, 0, 127]);
  });
});

describe('loadTensor', () => {
  it('takes .bin as the model has it and .dat as uint8', () => {
    expect(signed(loadTensor(Uint8Array.of(0, 255), 'a.bin', spec(), recipe))).toEqual([0, -1]);
    expect(signed(loadTensor(Uint8Array.of(0, 255), 'a.dat', spec(), recipe))).toEqual([-128, 127]);
  });

  it('takes four bytes an element as float32', () => {
    const bytes = new Uint8Array(Float32Array.of(0, 1).buffer);
    expect(signed(loadTensor(bytes, 'a.bin', spec(), recipe))).toEqual([-128, 127]);
  });

  it('reads .npy of every accepted type', () => {
    const load = (file: Uint8Array): number[] => signed(loadTensor(file, 'a.npy', spec(), recipe));
    expect(load(npy('|u1', '1, 2', Uint8Array.of(0, 255)))).toEqual([-128, 127]);
    expect(load(npy('|i1', '2,', Uint8Array.of(0, 255)))).toEqual([0, -1]);
    expect(load(npy('<f4', '2,', new Uint8Array(Float32Array.of(0, 1).buffer)))).toEqual([-128, 127]);
    expect(load(npy('<f8', '2,', new Uint8Array(Float64Array.of(0, 1).buffer)))).toEqual([-128, 127]);
  });

  it('names what does not match', () => {
    expect(() => loadTensor(new Uint8Array(3), 'a.bin', spec(), recipe)).toThrow(
      'a.bin: does not match input "x"; found 3 elements; expected 2 (1×2×1), as bytes or float32',
    );
    expect(() => parseNpy(npy('<f4', '9,', new Uint8Array(8)), 'a.npy')).toThrow(
      /found 8 bytes.*expected 36/,
    );
    expect(() => parseNpy(npy('<i8', '1,', new Uint8Array(8)), 'a.npy')).toThrow(/found '<i8'/);
    expect(() => parseNpy(npy('|u1', '2,', new Uint8Array(2), 'True'), 'a.npy')).toThrow(/Fortran order/);
  });

  it('maps int8 tensors of a float network by its recipe, x being the value plus 128', () => {
    const float = spec({ dtype: 'float32', scale: 0.5, zeroPoint: 0 });
    const given = { ...recipe, scale: 2, mean: [256] };
    // (−3 + 128) · 2 − 256 = −6 is −12 steps of 0.5; (10 + 128) · 2 − 256 = 20 is 40.
    const bytes = Uint8Array.of(-3, 10);
    expect(signed(loadTensor(bytes, 'x.bin', float, given))).toEqual([-12, 40]);
    expect(signed(loadTensor(npy('|i1', '2,', bytes), 'x.npy', float, given))).toEqual([-12, 40]);
    expect(signed(loadTensor(bytes, 'x.bin', float, recipe))).toEqual([-3, 10]);
  });
});

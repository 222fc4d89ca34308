/** The short form of requantisation, where binding calls it exact, against the BigInt reference. */
import { describe, expect, it } from 'vitest';
import { channelShifts, isNarrow, packChannels } from '../../../src/bind/channel-constants.js';
import { type FixedMultiplier, SCALE_BY_MODE } from '../../../src/numeric/requantize.js';
import { createRandom } from '../../../src/support/random.js';

/** The C of numeric/requantize.h, qmcu_scale_narrow, in 32-bit steps; undefined where C would overflow. */
function short(mode: 'tflm' | 'single', acc: number, m: FixedMultiplier): number | undefined {
  const { left, right } = channelShifts(mode, m);
  const x = acc * 2 ** left;
  if (x !== (x | 0)) return undefined;
  const product = BigInt(x) * BigInt(m.multiplier);
  const round = right === 0 ? 0 : 2 ** (right - 1);
  const high = mode === 'tflm' ? Number((product + (1n << 31n)) >> 32n) : Number(product >> 32n);
  const sum = high + (mode === 'tflm' ? high >> 31 : 0) + round;
  return sum !== (sum | 0) ? undefined : sum >> right;
}

describe('the short form', () => {
  it.each(['tflm', 'single'] as const)('%s: exact at every bound that isNarrow accepts', (mode) => {
    let accepted = 0;
    for (let seed = 1; seed <= 20_000; seed++) {
      const random = createRandom(seed);
      const m = { multiplier: random.integer(2 ** 30, 2 ** 31 - 1), shift: random.integer(-31, 3) };
      const sums = {
        bias: Math.round((random.next() - 0.5) * 2 ** random.integer(2, 32)),
        weights: 0,
        magnitudes: random.integer(0, 2 ** random.integer(0, 22)),
      };
      const reach = random.pick([3, 15, 255]);
      if (!isNarrow(mode, sums, m, reach)) continue;
      accepted++;
      const swing = reach * sums.magnitudes;
      for (const acc of [
        sums.bias - swing,
        sums.bias + swing,
        sums.bias,
        sums.bias + random.integer(-swing, swing),
      ]) {
        expect(short(mode, acc, m), `seed ${seed}, acc ${acc}`).toBe(SCALE_BY_MODE[mode](acc, m));
      }
    }
    expect(accepted).toBeGreaterThan(5_000);
  });

  it('is refused without a right shift, and where the doubled accumulator overflows', () => {
    const sums = { bias: 0, weights: 0, magnitudes: 1000 };
    expect(isNarrow('tflm', sums, { multiplier: 2 ** 30, shift: 0 }, 255)).toBe(false);
    expect(isNarrow('tflm', sums, { multiplier: 2 ** 30, shift: -1 }, 255)).toBe(true);
    const large = { bias: 2 ** 30, weights: 0, magnitudes: 0 };
    expect(isNarrow('tflm', large, { multiplier: 2 ** 30, shift: -8 }, 255)).toBe(false);
    expect(isNarrow('tflm', { ...large, bias: -(2 ** 30) }, { multiplier: 2 ** 30, shift: -31 }, 255)).toBe(
      true,
    );
  });
});

it('packs bias with the zero point folded in, multiplier, shifts and the flag of its block', () => {
  const packed = packChannels(
    'tflm',
    [
      { bias: 100, weights: 7, magnitudes: 9 },
      { bias: -(2 ** 30), weights: 0, magnitudes: 2 ** 22 },
    ],
    [
      { multiplier: 0x40000001, shift: -5 },
      { multiplier: 0x40000002, shift: 2 },
    ],
    -3,
    130,
  );
  const view = new DataView(packed.buffer);
  expect(packed.length).toBe(4 * 12);
  expect([view.getInt32(0, true), view.getInt32(4, true), packed[8], packed[9], packed[10]]).toEqual([
    121, 0x40000001, 1, 5, 1,
  ]);
  expect([view.getInt32(12, true), packed[20], packed[21], packed[22]]).toEqual([-(2 ** 30), 3, 0, 1]);
});

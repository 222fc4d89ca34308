/**
 * The short form of requantisation in generated assembly, instruction by instruction in BigInt, against the reference at
 * the ends of what `fastConstants` accepts.
 */
import { describe, expect, it } from 'vitest';
import {
  type FastConstants,
  fastConstants,
  type OutputForm,
} from '../../../src/bind/variants/channel-stream.js';
import {
  FIRMWARE_MODES,
  type FirmwareMode,
  quantizeMultiplierFor,
  requantize,
} from '../../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { widthRange } from '../../../src/ops/plan-access.js';
import { createRandom } from '../../../src/support/random.js';

const int32 = (x: bigint): bigint => BigInt.asIntN(32, x);

/** SMMLAR and SMMLA: the high word of a product and an accumulator, rounded or not; modulo 2^32. */
const smmlar = (x: bigint, m: bigint, a: bigint): bigint => int32((x * m + (a << 32n) + (1n << 31n)) >> 32n);
const smmla = (x: bigint, m: bigint, a: bigint): bigint => int32((x * m + (a << 32n)) >> 32n);

/** What src/codegen/asm/finish.ts emits, before the value is cut: `zero` is the register of mode mulhi. */
function shortForm(
  mode: FirmwareMode,
  acc: bigint,
  { words, shift = 0 }: Omit<FastConstants, 'bias'>,
  zero: number,
): number {
  const [m, rounding = 0n, right = 0n] = words.map(BigInt) as [bigint, bigint?, bigint?];
  if (mode === 'mulhi') return Number(smmlar(int32(acc << BigInt(shift)), m, BigInt(zero)));
  if (mode === 'single') return Number(smmla(acc, m, rounding) >> right);
  const doubled = int32(acc * 2n);
  return Number(smmlar(doubled, m, int32(rounding + (doubled >> 31n))) >> right);
}

describe('constants of fast channels', () => {
  const WAYS = [
    ...FIRMWARE_MODES.map((mode) => ({ mode, shifts: false })),
    { mode: 'mulhi', shifts: true },
  ] as const;

  it.each(WAYS)('$mode, shifts $shifts: exact for every accumulator that is accepted', ({ mode, shifts }) => {
    const random = createRandom(4711);
    let [accepted, shifted] = [0, 0];
    for (let i = 0; i < 1000; i++) {
      const bits = random.pick(WIDTH_LIST);
      const clamp = widthRange(bits);
      const offset = bits === 8 ? 128 : 0;
      const zeroPoint = random.integer(clamp.min, clamp.max);
      const output: OutputForm = { mode, bits, zeroPoint, clamp, shifts };
      const multiplier = quantizeMultiplierFor(mode, 2 ** ((shifts ? 6 : 0) - 20 * random.next()));
      const reach = Math.round(2 ** (30 * random.next()));
      const bias = random.integer(-reach, reach);
      const range = { bias, lowest: bias - reach, highest: bias + reach };
      const constants = fastConstants({ ...range, multiplier }, output);
      if (constants === undefined) continue;
      accepted++;
      if (constants.shift !== undefined) shifted++;
      for (let n = 0; n < 20; n++) {
        const ends = [range.lowest, range.lowest + 1, -1, 0, 1, range.highest - 1, range.highest];
        const acc = Math.min(
          range.highest,
          Math.max(range.lowest, ends[n] ?? bias + random.integer(-reach, reach)),
        );
        const value = shortForm(mode, BigInt(acc), constants, output.zeroPoint + offset);
        expect(Math.abs(value), `${i}: ${acc}`).toBeLessThanOrEqual(2 ** 15);
        const stored = Math.min(clamp.max + offset, Math.max(clamp.min + offset, value));
        const expected = requantize(acc, multiplier, mode, { zeroPoint: output.zeroPoint, ...clamp });
        expect(stored - offset, `${i}: ${acc}`).toBe(expected);
      }
    }
    expect(accepted).toBeGreaterThan(250);
    expect(shifted > 100).toBe(shifts);
  });

  it.each(FIRMWARE_MODES)('%s: a channel without weights is a constant', (mode) => {
    const output: OutputForm = { mode, bits: 8, zeroPoint: -3, clamp: { min: -128, max: 127 } };
    for (const bias of [-(2 ** 30), -70_000, 0, 123_456, 2 ** 30]) {
      const multiplier = { multiplier: 2 ** 30, shift: mode === 'mulhi' ? 0 : -9 };
      const channel = { bias, lowest: bias, highest: bias, multiplier };
      const { bias: start, ...constants } = fastConstants(channel, output)!;
      const value = shortForm(mode, BigInt(start), constants, -3 + 128) - 128;
      expect(value).toBe(requantize(bias, multiplier, mode, { zeroPoint: -3, min: -128, max: 127 }));
    }
  });
});

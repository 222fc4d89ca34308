/**
 * From accumulators to stored outputs in generated assembly: four channels of one or two pixels.
 *
 * Constants of four channels in the stream, written by src/bind/variants/channel-stream.ts, which proves for each channel
 * that they are exact and that the value fits int16 before it is cut:
 *   mulhi         M0 M1 M2 M3          value = (x·M + 2^31) >> 32, plus z from a register
 *   with `shifts` M0 M1 M2 M3 L        the same of x << Lc, Lc byte c of L
 *   tflm, single  (M, R, right) · 4    value = (high(x·M) + R) >> right, R = (z << right) + 2^(right−1)
 * with z the output's zero point, at 8 bits plus 128: outputs are cut as unsigned values and moved back by XOR.
 *
 * `tflm` rounds twice: x is doubled, the high word rounded to nearest, and negative x take 1 from R, which makes halves
 * round away from zero. (The sign of x serves for that of the high word: they differ only where it is 0 and R decides alone.)
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import type { Assembly } from './assembly.js';

export interface FinishOptions {
  readonly mode: FirmwareMode;
  /** Width of the stored output. */
  readonly outputBits: Width;
  /** The clamp is narrower than the width's range. */
  readonly clamp: boolean;
  /** Of `mulhi`: accumulators are shifted left first, where multipliers of ½ and more call for it. */
  readonly shifts?: boolean;
}

/** Of the parameters `o`, `c` and `l` (src/bind/variants/bind-stream.ts). */
export const finishOf = ({ parameters }: KernelInstance, mode: FirmwareMode): FinishOptions => {
  const { o = 8, c = 0, l = 0 } = parameters ?? {};
  return { mode, outputBits: o as Width, clamp: c === 1, shifts: l === 1 };
};

/** Registers of one channel's accumulators, one per pixel. */
export type ChannelRegisters = readonly string[];

/** Words of constants per channel in the stream. */
export const finishWords = (mode: FirmwareMode): number => (mode === 'mulhi' ? 1 : 3);

/** Whether accumulators are doubled before scaling: a caller that shifts anyway does it for nothing. */
export const isDoubled = (mode: FirmwareMode): boolean => mode === 'tflm';

/**
 * Scales four channels in place; accumulators of mode `tflm` come doubled (isDoubled). Constants are read from r1 on;
 * r0, r2, r3, r12, lr are free, `zero` is the single-precision register that holds z (mulhi).
 */
export function emitScale(
  a: Assembly,
  { mode, shifts = false }: FinishOptions,
  channels: readonly ChannelRegisters[],
  zero: string,
): void {
  if (mode === 'mulhi') {
    const multipliers = ['r2', 'r3', 'r12', 'lr'];
    a.emit(`ldm r1!, {${multipliers.join(', ')}}`);
    if (shifts) emitShifts(a, channels);
    a.emit(`vmov r0, ${zero}`);
    channels.forEach((pixels, c) => {
      for (const x of pixels) a.emit(`smmlar ${x}, ${x}, ${multipliers[c]}, r0`);
    });
    return;
  }
  for (const pixels of channels) {
    a.emit('ldm r1!, {r0, r2, r3}');
    for (const x of pixels) {
      if (mode === 'tflm') a.emit(`add lr, r2, ${x}, asr #31`, `smmlar ${x}, ${x}, r0, lr`);
      else a.emit(`smmla ${x}, ${x}, r0, r2`);
    }
    for (const x of pixels) a.emit(`asr ${x}, ${x}, r3`);
  }
}

/** A shift by a register takes its lowest byte. Uses r0. */
function emitShifts(a: Assembly, channels: readonly ChannelRegisters[]): void {
  a.emit('ldr r0, [r1], #4');
  channels.forEach((pixels, c) => {
    if (c > 0) a.emit('lsr r0, r0, #8');
    for (const x of pixels) a.emit(`lsl ${x}, ${x}, r0`);
  });
}

/**
 * Cuts and packs four scaled channels per pixel, the result in the first channel's register: a word at 8 bits, a halfword
 * at 4, a byte at 2. `bounds` are the registers that hold the clamp twice, as (low, low), (high, high); r2, r3, r12 are free.
 */
export function emitPack(
  a: Assembly,
  { outputBits, clamp }: FinishOptions,
  channels: readonly ChannelRegisters[],
  bounds: readonly [string, string],
): void {
  if (clamp) a.emit(`vmov r2, ${bounds[0]}`, `vmov r3, ${bounds[1]}`);
  const [c0, c1, c2, c3] = channels as [
    ChannelRegisters,
    ChannelRegisters,
    ChannelRegisters,
    ChannelRegisters,
  ];
  c0.forEach((even, pixel) => {
    const odd = c1[pixel]!;
    a.emit(`pkhbt ${even}, ${even}, ${c2[pixel]}, lsl #16`, `pkhbt ${odd}, ${odd}, ${c3[pixel]}, lsl #16`);
    for (const pair of [even, odd]) a.emit(...cut(pair, outputBits, clamp));
    a.emit(`orr ${even}, ${even}, ${odd}, lsl #${outputBits}`);
    if (outputBits === 8) a.emit(`eor ${even}, ${even}, #0x80808080`);
    // Channels 2 and 3 stand 16 bits up: close the gap.
    else a.emit(`orr ${even}, ${even}, ${even}, lsr #${16 - 2 * outputBits}`);
  });
}

/** Two int16 lanes to the output's range. */
const cut = (pair: string, bits: Width, clamp: boolean): string[] =>
  clamp
    ? [
        `ssub16 r12, ${pair}, r2`,
        `sel ${pair}, ${pair}, r2`,
        `ssub16 r12, r3, ${pair}`,
        `sel ${pair}, ${pair}, r3`,
      ]
    : [`usat16 ${pair}, #${bits}, ${pair}`];

/** `str`, `strh` or `strb` of four packed channels, and the bytes it writes. */
export const PACKED_STORE: Readonly<Record<Width, { readonly store: string; readonly bytes: number }>> = {
  8: { store: 'str', bytes: 4 },
  4: { store: 'strh', bytes: 2 },
  2: { store: 'strb', bytes: 1 },
};

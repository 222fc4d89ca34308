/**
 * Per-channel constants of weighted operators (`struct qmcu_channel`): the input's zero point folded into the bias,
 * multiplier and shifts in the form that the C kernels use, and the proof that their short form is exact.
 *
 * Source: firmware-templates/numeric/requantize.h, qmcu_scale_narrow.
 */
import type { FixedMultiplier, RequantMode } from '../numeric/requantize.js';

/** Output channels per block in every weight stream. */
export const CHANNEL_BLOCK = 4;

export const blockCount = (channels: number): number => Math.ceil(channels / CHANNEL_BLOCK);

/** What is known of one channel's accumulator. */
export interface ChannelSums {
  readonly bias: number;
  /** Σ(w − z_w). */
  readonly weights: number;
  /** Σ|w − z_w|. */
  readonly magnitudes: number;
}

export interface ChannelShifts {
  readonly left: number;
  readonly right: number;
}

/** value · multiplier · 2^(left − right − 32): the shifts around a 32-bit high multiply. */
export function channelShifts(mode: RequantMode, { shift }: FixedMultiplier): ChannelShifts {
  if (mode === 'mulhi') return { left: shift, right: 0 };
  const left = mode === 'tflm' ? Math.max(shift, 0) + 1 : Math.max(shift + 1, 0);
  return { left, right: left - 1 - shift };
}

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/**
 * True when the short form of requantisation is exact for every accumulator of the channel. `reach` is the largest
 * |q − z| of the input; accumulators lie in bias ± reach · Σ|w − z_w|.
 */
export function isNarrow(mode: RequantMode, sums: ChannelSums, m: FixedMultiplier, reach: number): boolean {
  if (mode === 'mulhi') return true;
  const { left, right } = channelShifts(mode, m);
  const lowest = (sums.bias - reach * sums.magnitudes) * 2 ** left;
  const highest = (sums.bias + reach * sums.magnitudes) * 2 ** left;
  const roundedHigh = (highest * m.multiplier) / 2 ** 32 + 1 + 2 ** (right - 1);
  return right > 0 && lowest >= INT32_MIN && highest <= INT32_MAX && roundedHigh <= INT32_MAX;
}

const RECORD_BYTES = 12;

/** The array of `struct qmcu_channel`, filled up with zeros to whole blocks of channels. `reach` as in isNarrow. */
export function packChannels(
  mode: RequantMode,
  channels: readonly ChannelSums[],
  multipliers: readonly FixedMultiplier[],
  inputZeroPoint: number,
  reach: number,
): Uint8Array {
  const bytes = new Uint8Array(blockCount(channels.length) * CHANNEL_BLOCK * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  const narrow = channels.map((sums, channel) => isNarrow(mode, sums, multipliers[channel]!, reach));
  channels.forEach((sums, channel) => {
    const at = channel * RECORD_BYTES;
    const block = channel - (channel % CHANNEL_BLOCK);
    const m = multipliers[channel]!;
    const { left, right } = channelShifts(mode, m);
    // Modulo 2^32, as the kernels accumulate.
    view.setInt32(at, (sums.bias - inputZeroPoint * sums.weights) | 0, true);
    view.setInt32(at + 4, m.multiplier, true);
    view.setUint8(at + 8, left);
    view.setUint8(at + 9, right);
    view.setUint8(at + 10, narrow.slice(block, block + CHANNEL_BLOCK).every(Boolean) ? 0 : 1);
  });
  return bytes;
}

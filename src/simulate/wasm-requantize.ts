/**
 * Proves, for one group of eight output channels, that a short computation per element gives the plan's
 * requantisation exactly (assembly/numeric/requantize.ts), and prepares its constants. The first that holds of:
 * the short form in float32 (wasm-float.ts), a single 64-bit product with the fast path's fixed total shift, one
 * with another shift; where every proof fails, 0: the kernels' exact scalar path.
 */
import { type RequantMode, SCALE_BY_MODE } from '../numeric/requantize.js';
import { type ChannelScaling, type FloatLane, proveFloat, type StageBounds } from './wasm-float.js';

/** One lane: scaled = (|x| or x)·scale·multiplier + rounding >> total shift. */
export interface LaneConstants {
  readonly multiplier: number;
  readonly scale: number;
  readonly rounding: bigint;
}

export type { ChannelScaling, StageBounds } from './wasm-float.js';

export interface GroupConstants {
  /** FLOAT_FORM, FAST_SHIFT, any shift from 32 to 61, or 0: not proven, exact path. */
  readonly totalShift: number;
  readonly lanes: readonly LaneConstants[];
  /** With FLOAT_FORM only. */
  readonly floatLanes?: readonly FloatLane[];
}

/** FLOAT_FORM and FAST_SHIFT of assembly/numeric/requantize.ts. */
export const FLOAT_FORM = 1;
export const FAST_SHIFT = 48;
/** Right shifts of a channel beyond this would take the rounding constants out of 64 bits. */
const MAX_RIGHT_SHIFT = 30;
/** Beyond int16 every result saturates, at any zero point. */
const MAX_RESULT = 32767;

const magnitude = (channel: ChannelScaling): number =>
  Math.max(Math.abs(channel.accMin), Math.abs(channel.accMax));

/** Scaling is monotone, so a channel whose extremes agree is constant: dead channels, mostly. */
function constantResult(mode: RequantMode, channel: ChannelScaling): number | undefined {
  const scale = SCALE_BY_MODE[mode];
  const result = scale(channel.accMin, channel);
  return result === scale(channel.accMax, channel) ? result : undefined;
}

/** A lane that gives `result` whatever the accumulator; `tflm` takes the sign from the accumulator. */
function constantLane(mode: RequantMode, result: number, totalShift: number): LaneConstants {
  const saturated = Math.max(-MAX_RESULT, Math.min(MAX_RESULT, result));
  const stored = mode === 'tflm' ? Math.abs(saturated) : saturated;
  return { multiplier: 0, scale: 0, rounding: BigInt(stored) << BigInt(totalShift) };
}

/** Inverse of an odd number modulo 2^bits, by Newton's iteration. */
function inverseModPowerOfTwo(odd: bigint, bits: number): bigint {
  let inverse = odd;
  for (let correct = 3; correct < bits; correct *= 2)
    inverse = BigInt.asUintN(bits, inverse * (2n - odd * inverse));
  return BigInt.asUintN(bits, inverse);
}

/**
 * True when some negative accumulator meets a tie of `tflm`'s first rounding that shows in the result. The
 * definition rounds such ties up, the product of magnitudes rounds them away from zero.
 *
 * With M = odd·2^t, ties are |x|·2^left = j·2^(30 − t), j odd; the first rounding then gives (j·odd − 1)/2 or
 * one more, and a following right shift by e tells the two apart only where j·odd ≡ 2^e − 1 mod 2^(e+1).
 */
export function tieShows(channel: ChannelScaling): boolean {
  const left = Math.max(channel.shift, 0);
  const right = Math.max(-channel.shift, 0);
  const trailing = 31 - Math.clz32(channel.multiplier & -channel.multiplier);
  const reach = Math.max(0, -channel.accMin) * 2 ** left;
  const step = 2 ** (30 - trailing);
  if (reach < step) return false;
  if (right === 0) return true;
  const odd = BigInt(channel.multiplier / 2 ** trailing);
  const wanted = (1n << BigInt(right)) - 1n;
  const smallest = BigInt.asUintN(right + 1, wanted * inverseModPowerOfTwo(odd, right + 1));
  return Number(smallest) * step <= reach;
}

/** Constants of one channel at a total shift, or undefined when the product might leave its 64 bits. */
type ProveLane = (channel: ChannelScaling, totalShift: number) => LaneConstants | undefined;

const proveTflm: ProveLane = (channel, totalShift) => {
  const right = Math.max(-channel.shift, 0);
  const left = Math.max(channel.shift, 0);
  const raise = totalShift - 31 - right;
  const scale = 2 ** (raise + left);
  const wraps = magnitude(channel) * 2 ** left >= 2 ** 31;
  if (raise < 0 || wraps || magnitude(channel) * scale >= 2 ** 32 || tieShows(channel)) return undefined;
  const secondHalf = right > 0 ? 1n << BigInt(totalShift - 1) : 0n;
  const rounding = (1n << BigInt(30 + raise)) + secondHalf;
  const largest = BigInt(magnitude(channel) * scale) * BigInt(channel.multiplier) + rounding;
  return largest < 1n << 63n ? { multiplier: channel.multiplier, scale, rounding } : undefined;
};

const proveSingle: ProveLane = (channel, totalShift) => {
  const raise = totalShift - 31 + channel.shift;
  const scale = 2 ** raise;
  if (raise < 0 || magnitude(channel) * scale >= 2 ** 31) return undefined;
  return { multiplier: channel.multiplier, scale, rounding: 1n << BigInt(totalShift - 1) };
};

const proveMulhi: ProveLane = (channel) => {
  const scale = 2 ** channel.shift;
  if (magnitude(channel) * scale >= 2 ** 31) return undefined;
  return { multiplier: channel.multiplier, scale, rounding: 1n << 31n };
};

const PROVE_BY_MODE = {
  tflm: proveTflm,
  single: proveSingle,
  mulhi: proveMulhi,
  // The short form is this mode's definition; what is too large for it takes the exact path.
  xnnpack: () => undefined,
} as const satisfies Record<RequantMode, ProveLane>;

/** Bits below the result's units in the 64-bit product: `mulhi` has its own, whatever the group's shift. */
const fractionBits = (mode: RequantMode, totalShift: number): number => (mode === 'mulhi' ? 32 : totalShift);

/** The smallest total shift that the channels' right shifts allow. */
function naturalShift(channels: readonly (ChannelScaling | undefined)[]): number {
  return 31 + Math.max(1, ...channels.map((channel) => -(channel?.shift ?? 0)));
}

const UNUSED_LANE: LaneConstants = { multiplier: 0, scale: 0, rounding: 0n };
const UNUSED_FLOAT_LANE: FloatLane = { factor: 0, offset: 0, scale: 0 };

function floatGroup(
  mode: RequantMode,
  channels: readonly (ChannelScaling | undefined)[],
  stage: StageBounds,
): GroupConstants | undefined {
  const lanes: FloatLane[] = [];
  for (const channel of channels) {
    const lane = channel === undefined ? UNUSED_FLOAT_LANE : proveFloat(mode, channel, stage);
    if (lane === undefined) return undefined;
    lanes.push(lane);
  }
  return { totalShift: FLOAT_FORM, lanes: channels.map(() => UNUSED_LANE), floatLanes: lanes };
}

/** Constants of a group; `undefined` entries are lanes without a channel. Without `stage` no short form. */
export function groupConstants(
  mode: RequantMode,
  channels: readonly (ChannelScaling | undefined)[],
  stage: StageBounds | undefined,
): GroupConstants {
  const short = stage === undefined ? undefined : floatGroup(mode, channels, stage);
  return short ?? integerGroup(mode, channels);
}

/** By integer products, or the exact path. */
function integerGroup(mode: RequantMode, channels: readonly (ChannelScaling | undefined)[]): GroupConstants {
  const constants = channels.map((c) => (c === undefined ? 0 : constantResult(mode, c)));
  const live = channels.filter((_, lane) => constants[lane] === undefined);
  for (const totalShift of [FAST_SHIFT, naturalShift(live)]) {
    if (totalShift > 31 + MAX_RIGHT_SHIFT) break;
    const lanes = channels.map((channel, lane) => {
      const constant = constants[lane];
      if (constant !== undefined) return constantLane(mode, constant, fractionBits(mode, totalShift));
      return PROVE_BY_MODE[mode](channel!, totalShift);
    });
    if (lanes.every((lane) => lane !== undefined)) return { totalShift, lanes };
  }
  return {
    totalShift: 0,
    lanes: channels.map((c) => ({ multiplier: c?.multiplier ?? 0, scale: 0, rounding: 0n })),
  };
}

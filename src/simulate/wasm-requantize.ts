/**
 * Proves, for one group of eight output channels, that a single 64-bit product per element computes the
 * plan's requantisation exactly (assembly/numeric/requantize.ts, `scaleLanes`), and prepares its constants.
 * A group whose proof fails gets total shift 0 and takes the kernels' exact scalar path.
 */
import { type FixedMultiplier, type RequantMode, SCALE_BY_MODE } from '../numeric/requantize.js';

/** One output channel: its multiplier and the accumulator's proven range. */
export interface ChannelScaling extends FixedMultiplier {
  readonly accMin: number;
  readonly accMax: number;
}

/** One lane of the fast path: scaled = |x|·scale·multiplier + rounding >> total shift. */
export interface LaneConstants {
  readonly multiplier: number;
  readonly scale: number;
  readonly rounding: bigint;
}

export interface GroupConstants {
  /** 0: not proven. */
  readonly totalShift: number;
  readonly lanes: readonly LaneConstants[];
}

/** Keeps the `single` form's product positive, so that the shift may be unsigned. */
const SINGLE_OFFSET = 1n << 62n;
/** Beyond this right shift the product's rounding constants would leave 64 bits. */
const MAX_RIGHT_SHIFT = 30;

const magnitude = (channel: ChannelScaling): number =>
  Math.max(Math.abs(channel.accMin), Math.abs(channel.accMax));

/** Scaling is monotone, so a channel whose extremes give 0 always gives 0: dead channels, mostly. */
function alwaysZero(mode: RequantMode, channel: ChannelScaling): boolean {
  const scale = SCALE_BY_MODE[mode];
  return scale(channel.accMin, channel) === 0 && scale(channel.accMax, channel) === 0;
}

const zeroLane = (mode: RequantMode): LaneConstants => ({
  multiplier: 0,
  scale: 0,
  rounding: mode === 'single' ? SINGLE_OFFSET : 0n,
});

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

function tflmLanes(live: readonly (ChannelScaling | undefined)[]): GroupConstants | undefined {
  const rights = live.map((channel) => (channel === undefined ? 0 : Math.max(-channel.shift, 0)));
  const deepest = Math.max(...rights);
  if (deepest > MAX_RIGHT_SHIFT) return undefined;
  const lanes: LaneConstants[] = [];
  for (const [lane, channel] of live.entries()) {
    if (channel === undefined) {
      lanes.push(zeroLane('tflm'));
      continue;
    }
    const raise = deepest - rights[lane]!;
    const scale = 2 ** (raise + Math.max(channel.shift, 0));
    const wraps = magnitude(channel) * 2 ** Math.max(channel.shift, 0) >= 2 ** 31;
    if (wraps || magnitude(channel) * scale >= 2 ** 32 || tieShows(channel)) return undefined;
    const secondHalf = rights[lane]! > 0 ? 1n << BigInt(30 + deepest) : 0n;
    lanes.push({
      multiplier: channel.multiplier,
      scale,
      rounding: (1n << BigInt(30 + raise)) + secondHalf,
    });
  }
  return { totalShift: 31 + deepest, lanes };
}

function singleLanes(live: readonly (ChannelScaling | undefined)[]): GroupConstants | undefined {
  const deepest = Math.max(0, ...live.map((channel) => -(channel?.shift ?? 0)));
  if (deepest > MAX_RIGHT_SHIFT) return undefined;
  const lanes: LaneConstants[] = [];
  for (const channel of live) {
    if (channel === undefined) {
      lanes.push(zeroLane('single'));
      continue;
    }
    const scale = 2 ** (deepest + channel.shift);
    if (magnitude(channel) * scale >= 2 ** 31) return undefined;
    lanes.push({
      multiplier: channel.multiplier,
      scale,
      rounding: SINGLE_OFFSET + (1n << BigInt(30 + deepest)),
    });
  }
  return { totalShift: 31 + deepest, lanes };
}

function mulhiLanes(live: readonly (ChannelScaling | undefined)[]): GroupConstants | undefined {
  const lanes: LaneConstants[] = [];
  for (const channel of live) {
    if (channel === undefined) {
      lanes.push(zeroLane('mulhi'));
      continue;
    }
    const scale = 2 ** channel.shift;
    if (magnitude(channel) * scale >= 2 ** 31) return undefined;
    lanes.push({ multiplier: channel.multiplier, scale, rounding: 0n });
  }
  return { totalShift: 32, lanes };
}

const LANES_BY_MODE = { tflm: tflmLanes, single: singleLanes, mulhi: mulhiLanes } as const satisfies Record<
  RequantMode,
  (live: readonly (ChannelScaling | undefined)[]) => GroupConstants | undefined
>;

/** Constants of a group; `undefined` entries are lanes without a channel. */
export function groupConstants(
  mode: RequantMode,
  channels: readonly (ChannelScaling | undefined)[],
): GroupConstants {
  const live = channels.map((c) => (c === undefined || alwaysZero(mode, c) ? undefined : c));
  return (
    LANES_BY_MODE[mode](live) ?? {
      totalShift: 0,
      lanes: channels.map((c) => ({ multiplier: c?.multiplier ?? 0, scale: 0, rounding: 0n })),
    }
  );
}

/**
 * The short form of requantisation: q = round(float32(f·acc + c) · s), rounded to nearest even, the zero point
 * inside c. Proves for one output channel that some f, c and s give the plan's own result for every accumulator
 * that can occur; f goes into the weights and c into the bias, so that the kernels only convert, multiply and
 * round.
 *
 * The proof: the plan's scaling and the short form both grow with the accumulator, so they agree everywhere when
 * they agree on either side of each step, and there are at most 255 steps.
 */
import { type FixedMultiplier, type RequantMode, SCALE_BY_MODE } from '../numeric/requantize.js';

/** One output channel: its multiplier, the accumulator's proven range, and its largest |w − z_w|. */
export interface ChannelScaling extends FixedMultiplier {
  readonly accMin: number;
  readonly accMax: number;
  readonly weightMax: number;
}

/** Inclusive bounds of stored results and the zero point that lies inside them. */
export interface StageBounds {
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
}

export interface FloatLane {
  /** Factor on weights and bias. */
  readonly factor: number;
  /** Added to factor · bias. */
  readonly offset: number;
  /** A float32. */
  readonly scale: number;
}

/** 1.5 · 2^23: added to a float32 below 2^22 it leaves the nearest integer, halves to even, in the low bits. */
const MAGIC = 12582912;
const MAX_MAGNITUDE = 2 ** 21;
/** Weights are int16. */
const MAX_WEIGHT = 32767;
const MAX_ACCUMULATOR = 2 ** 31 - 1;
/** Factors tried before giving up: each rounds in its own way, so one that works is soon found. */
const MAX_TRIES = 256;
/** Scaled accumulators lose their last bits in float32; factors that cost more than four are of no use. */
const LARGEST_SCALED = 2 ** 28 / 256;

const f32 = Math.fround;

/** The short form itself. */
export const floatResult = (acc: number, lane: FloatLane): number =>
  f32(f32(f32(lane.factor * acc + lane.offset) * lane.scale) + MAGIC) - MAGIC;

/**
 * Steps of the plan's scaling. A result, zero point taken off, is k or more from the accumulator on that
 * ⌈((2k − 1) · unit − shortfall) / multiplier⌉ gives; results lie in low…high.
 */
interface Steps {
  readonly low: number;
  readonly high: number;
  readonly zeroPoint: number;
  readonly unit: number;
  readonly shortfall: number;
  readonly multiplier: number;
}

/** Below this, a quotient of doubles by a 31-bit number never rounds to an integer that it is not. */
const EXACT_QUOTIENT = 2 ** 22;

/** The least accumulator whose result is `level` or more. */
function stepAt(steps: Steps, level: number): number {
  const dividend = (2 * (level - steps.zeroPoint) - 1) * steps.unit - steps.shortfall;
  const quotient = dividend / steps.multiplier;
  if (Math.abs(quotient) < EXACT_QUOTIENT) return Math.ceil(quotient);
  const [wide, divisor] = [BigInt(dividend), BigInt(steps.multiplier)];
  const down = wide / divisor;
  return Number(wide > down * divisor ? down + 1n : down);
}

const realScale = (mode: RequantMode, { multiplier, shift }: FixedMultiplier): number =>
  multiplier * 2 ** (shift - (mode === 'mulhi' ? 32 : 31));

/**
 * Undefined where the scaling has no such form: two roundings are symmetric about zero, so with a right shift
 * only results above the zero point have it.
 */
function findSteps(
  mode: Exclude<RequantMode, 'xnnpack'>,
  channel: ChannelScaling,
  stage: StageBounds,
): Steps | undefined {
  const { multiplier, shift, accMin, accMax } = channel;
  const result = (acc: number): number =>
    Math.max(stage.min, Math.min(stage.max, SCALE_BY_MODE[mode](acc, channel) + stage.zeroPoint));
  const low = result(accMin);
  const high = result(accMax);
  const twice = mode === 'tflm' && shift < 0;
  if (twice && low < stage.zeroPoint && high > low) return undefined;
  // tflm: the first rounding's half unit counts too. Its result must reach (2k − 1) · 2^(right shift − 1).
  const unit = 2 ** ((mode === 'mulhi' ? 31 : 30) - shift);
  const shortfall = twice ? 2 ** 30 : 0;
  return { low, high, zeroPoint: stage.zeroPoint, unit, shortfall, multiplier };
}

function agrees(lane: FloatLane, steps: Steps, channel: ChannelScaling, stage: StageBounds): boolean {
  for (let level = steps.high; level > steps.low; level--) {
    const acc = stepAt(steps, level);
    if (floatResult(acc, lane) < level || floatResult(acc - 1, lane) >= level) return false;
  }
  const clamped = (acc: number): number => Math.max(stage.min, Math.min(stage.max, floatResult(acc, lane)));
  return clamped(channel.accMin) === steps.low && clamped(channel.accMax) === steps.high;
}

/** Largest factor that keeps weights in int16, accumulators in int32 and results below the rounding's limit. */
function largestFactor(channel: ChannelScaling, offset: number): number {
  const reach = Math.max(Math.abs(channel.accMin), Math.abs(channel.accMax)) + Math.abs(offset);
  return Math.floor(Math.min(MAX_WEIGHT / Math.max(1, channel.weightMax), MAX_ACCUMULATOR / (reach + 1)));
}

/** Constants of the short form for a channel, or undefined where none were found. */
export function proveFloat(
  mode: RequantMode,
  channel: ChannelScaling,
  stage: StageBounds,
): FloatLane | undefined {
  const real = realScale(mode, channel);
  const reach = Math.max(Math.abs(channel.accMin), Math.abs(channel.accMax)) * real;
  if (reach + 256 > MAX_MAGNITUDE) return undefined;
  // The mode's own definition; its zero point is added after rounding.
  if (mode === 'xnnpack') return { factor: 1, offset: 0, scale: real };
  const steps = findSteps(mode, channel, stage);
  if (steps === undefined) return undefined;
  if (steps.low === steps.high) return { factor: 0, offset: steps.low, scale: 1 };
  // s · (acc + offset) must cross level − 1/2 between the accumulators on either side of every step.
  let least = -Infinity;
  let most = Infinity;
  for (let level = steps.low + 1; level <= steps.high; level++) {
    const wanted = (level - 0.5) / real - stepAt(steps, level);
    least = Math.max(least, wanted);
    most = Math.min(most, wanted + 1);
  }
  if (!(least < most)) return undefined;
  const middle = (least + most) / 2;
  const largest = Math.min(largestFactor(channel, middle), Math.ceil(LARGEST_SCALED * real));
  let previous = 0;
  for (let i = 0; i < MAX_TRIES; i++) {
    const factor = Math.ceil(largest * (1 - i / MAX_TRIES));
    if (factor === previous) continue;
    previous = factor;
    const offset = Math.round(middle * factor);
    if (offset < least * factor || offset > most * factor) continue;
    const lane = { factor, offset, scale: f32(real / factor) };
    if (agrees(lane, steps, channel, stage)) return lane;
  }
  return undefined;
}

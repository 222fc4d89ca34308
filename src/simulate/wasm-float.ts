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
const MAX_TRIES = 96;
/** Scaled accumulators of results up to 256 stay about exact in float32; no use in factors beyond. */
const LARGEST_SCALED = 2 ** 26 / 256;

const f32 = Math.fround;

/** The short form itself. */
export const floatResult = (acc: number, lane: FloatLane): number =>
  f32(f32(f32(lane.factor * acc + lane.offset) * lane.scale) + MAGIC) - MAGIC;

/** Steps of the plan's scaling: `at[i]` is the least accumulator whose result is `low + 1 + i` or more. */
interface Steps {
  readonly low: number;
  readonly high: number;
  readonly at: Float64Array;
}

/** ⌊(acc · multiplier + 2^(total − 1)) / 2^total⌋ in doubles, exact for 17 ≤ total ≤ 62. */
function scaleOnce(acc: number, multiplier: number, total: number): number {
  const upper = Math.floor(multiplier / 65536);
  const lower = Math.floor((acc * (multiplier - upper * 65536)) / 65536);
  return Math.floor((acc * upper + lower + 2 ** (total - 17)) / 2 ** (total - 16));
}

function scaleTwice(acc: number, multiplier: number, shift: number): number {
  const high = scaleOnce(shift > 0 ? acc * 2 ** shift : acc, multiplier, 31);
  if (shift >= 0) return high;
  const unit = 2 ** -shift;
  return Math.floor((high + unit / 2 - (high < 0 ? 1 : 0)) / unit);
}

/** SCALE_BY_MODE without BigInt, where doubles suffice. */
function exactScale(mode: RequantMode, { multiplier, shift }: FixedMultiplier): (acc: number) => number {
  if (mode === 'tflm') return (acc) => scaleTwice(acc, multiplier, shift);
  const total = mode === 'mulhi' ? 32 - shift : 31 - shift;
  if (mode === 'xnnpack' || total < 17) return (acc) => SCALE_BY_MODE[mode](acc, { multiplier, shift });
  return (acc) => scaleOnce(acc, multiplier, total);
}

const realScale = (mode: RequantMode, { multiplier, shift }: FixedMultiplier): number =>
  multiplier * 2 ** (shift - (mode === 'mulhi' ? 32 : 31));

function findSteps(mode: RequantMode, channel: ChannelScaling, stage: StageBounds): Steps | undefined {
  const scale = exactScale(mode, channel);
  const result = (acc: number): number =>
    Math.max(stage.min, Math.min(stage.max, scale(acc) + stage.zeroPoint));
  const low = result(channel.accMin);
  const high = result(channel.accMax);
  const real = realScale(mode, channel);
  // Two roundings are symmetric about zero, which no straight line is.
  if (mode === 'tflm' && channel.shift < 0 && low < stage.zeroPoint && high > low) return undefined;
  const at = new Float64Array(high - low);
  for (let i = 0; i < at.length; i++) {
    const level = low + 1 + i;
    let acc = Math.ceil((level - stage.zeroPoint - 0.5) / real);
    acc = Math.max(channel.accMin + 1, Math.min(channel.accMax, acc));
    while (acc > channel.accMin + 1 && result(acc - 1) >= level) acc--;
    while (acc < channel.accMax && result(acc) < level) acc++;
    at[i] = acc;
  }
  return { low, high, at };
}

function agrees(lane: FloatLane, steps: Steps, channel: ChannelScaling, stage: StageBounds): boolean {
  const { low, high, at } = steps;
  for (let i = at.length - 1; i >= 0; i--) {
    const level = low + 1 + i;
    if (floatResult(at[i]!, lane) < level || floatResult(at[i]! - 1, lane) >= level) return false;
  }
  const clamped = (acc: number): number => Math.max(stage.min, Math.min(stage.max, floatResult(acc, lane)));
  return clamped(channel.accMin) === low && clamped(channel.accMax) === high;
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
  if (steps.at.length === 0) return { factor: 0, offset: steps.low, scale: 1 };
  // s·(acc + offset) must cross level − 1/2 between the accumulators on either side of every step.
  let least = -Infinity;
  let most = Infinity;
  steps.at.forEach((acc, i) => {
    const wanted = (steps.low + 0.5 + i) / real - acc;
    least = Math.max(least, wanted);
    most = Math.min(most, wanted + 1);
  });
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

/**
 * Convolutions that are hard on packed arithmetic: worst-case weights and activations beside random ones, sums as large
 * as fields allow, channels and pixels beside every block, all windows.
 */
import { packLanes } from '../../src/numeric/lanes.js';
import { type FixedMultiplier, quantizeMulhi } from '../../src/numeric/requantize.js';
import { WIDTHS, type Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import { createRandom, type Random } from '../../src/support/random.js';

export interface MatrixRequest {
  readonly inputBits: Width;
  readonly weightBits: Width;
  readonly outputBits: Width;
  readonly seed: number;
}

/** Weight of channel c at position k of `length`; `max` is the largest weight. */
type WeightPattern = (random: Random, max: number, k: number, c: number, length: number) => number;

const clampTo = (max: number, value: number): number => Math.max(-max, Math.min(max, Math.round(value)));

export const WEIGHT_PATTERNS = {
  gaussian: (random, max) => clampTo(max, (random.normal() * max) / 3),
  uniform: (random, max) => random.integer(-max, max),
  sparse: (random, max) => (random.integer(0, 7) === 0 ? random.integer(-max, max) : 0),
  largest: (_, max) => max,
  smallest: (_, max) => -max,
  alternating: (_, max, k, c) => ((k ^ c) & 1 ? max : -max),
  halves: (_, max, k, c, length) => (k * 2 < length === ((c & 1) === 0) ? max : -max),
} as const satisfies Record<string, WeightPattern>;
export type WeightPatternName = keyof typeof WEIGHT_PATTERNS;

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 64, 65, 96, 130];
const OUTPUTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 17, 24];
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/** Keeps the reference quick. */
const MOST_MACS = 150_000;

/** A random convolution of mode `mulhi`; the seed decides all. */
export function matrixSample({ seed, ...widths }: MatrixRequest): SampleCase {
  const random = createRandom(seed);
  const s = new SamplePlan(random, { mode: 'mulhi', ...widths });
  const shape = [random.pick(SIZES), random.pick(SIZES), random.pick(CHANNELS)] as const;
  const { window, out } = s.window(shape, { maxKernel: random.pick([1, 1, 3, 5]), dilation: true });
  const taps = window.kernelHeight * window.kernelWidth;
  const length = taps * shape[2];
  const outputs = OUTPUTS.filter((channels) => channels * out[0] * out[1] * length <= MOST_MACS);
  const input = s.tensor(shape, widths.inputBits);
  const output = s.tensor(
    [out[0], out[1], random.pick(outputs.length > 0 ? outputs : [1])],
    widths.outputBits,
  );
  const pattern = random.pick(Object.keys(WEIGHT_PATTERNS) as WeightPatternName[]);
  const constants = matrixConstants(s, pattern, length, output.shape[2], input.zeroPoint);
  const { activationMin, activationMax } = WIDTHS[widths.outputBits];
  const step = {
    op: 'conv2d',
    name: 'conv2d',
    inputs: [input.id],
    output: output.id,
    window,
    weights: s.blob(packLanes(constants.weights, shape[2], widths.weightBits)),
    weightBits: widths.weightBits,
    weightZeroPoint: 0,
    bias: s.int32Blob(constants.bias),
    multiplier: s.int32Blob(constants.multipliers.map((m) => m.multiplier)),
    shift: s.int8Blob(constants.multipliers.map((m) => m.shift)),
    clamp: random.integer(0, 7) === 0 ? s.clamp(output) : { min: activationMin, max: activationMax },
  } as const;
  const label = `${pattern} w${widths.weightBits} k${window.kernelHeight}×${window.kernelWidth}`;
  const sample = s.finish(step, label);
  return { ...sample, inputs: [inputValues(random, shape, widths.inputBits)] };
}

/** Weights of a pattern, and biases and multipliers that spread its outputs over their range. */
function matrixConstants(
  s: SamplePlan,
  pattern: WeightPatternName,
  length: number,
  channels: number,
  inputZeroPoint: number,
) {
  const { random } = s;
  const { weightMax } = WIDTHS[s.weightBits];
  const { activationMin, activationMax } = WIDTHS[s.inputBits];
  const weights = Array.from({ length: channels * length }, (_, i) =>
    WEIGHT_PATTERNS[pattern](random, weightMax, i % length, Math.floor(i / length), length),
  );
  const middle = (activationMin + activationMax) / 2 - inputZeroPoint;
  const bias: number[] = [];
  const multipliers: FixedMultiplier[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const kind = random.integer(0, 11);
    if (kind === 0) weights.fill(0, channel * length, (channel + 1) * length);
    if (kind <= 1) {
      // A dead channel, or one whose bias is far larger than its sums: real networks have both.
      const far = random.pick([-1, 1]) * Math.round(2 ** random.integer(10, 24) * (1 + random.next()));
      bias.push(far);
      multipliers.push(quantizeMulhi((2 ** s.outputBits * 2 * random.next()) / Math.abs(far)));
      continue;
    }
    const row = weights.slice(channel * length, (channel + 1) * length);
    const energy = row.reduce((sum, w) => sum + w * w, 0);
    const spread = Math.max(1, 2 ** s.inputBits * 0.3 * Math.sqrt(energy));
    // Centres the outputs, so that they do not all saturate.
    const mean = middle * row.reduce((sum, w) => sum + w, 0);
    bias.push(Math.round(random.normal() * spread * 0.5 - mean));
    multipliers.push(quantizeMulhi((2 ** s.outputBits / 3 / spread) * (0.25 + 1.5 * random.next())));
  }
  return { weights, bias, multipliers };
}

/** Random values, or a worst case. */
function inputValues(random: Random, shape: readonly [number, number, number], bits: Width): Uint8Array {
  const { activationMin: min, activationMax: max } = WIDTHS[bits];
  const draw = random.pick([
    () => random.integer(min, max),
    () => random.integer(min, max),
    () => max,
    () => min,
    (i: number) => (i & 1 ? max : min),
    () => random.pick([min, max]),
  ]);
  const values = Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => draw(i));
  return packLanes(values, shape[2], bits);
}

/**
 * Real-valued constants of TFLM's kernels, in its order of operations and its float widths, so that the integer
 * constants come out identical. Source per function; commit in src/lower/README.md.
 */

import type { Clamp } from '../ir/deploy-plan.js';
import type { Activation, GraphTensor } from '../ir/graph.js';
import { type FixedMultiplier, type ImportedMode, quantizeMultiplier } from '../numeric/requantize.js';
import { scaleOf, zeroPointOf } from './tensor-scale.js';
import { boundsOf } from './xnnpack.js';

export { sameQuantization, scaleOf, zeroPointOf } from './tensor-scale.js';

const INT8_MIN = -128;
const INT8_MAX = 127;
const f32 = Math.fround;

/** std::round and TfLiteRound: halves away from zero. */
export const roundHalfAway = (x: number): number => (x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5));

/** kernel_util.cc CalculateActivationRangeQuantized: the int8 range cut by the fused activation. */
export function activationRange(activation: Activation, output: GraphTensor, mode?: ImportedMode): Clamp {
  const quantize = (real: number): number =>
    zeroPointOf(output) + roundHalfAway(f32(f32(real) / f32(scaleOf(output))));
  const [low, high] = ACTIVATION_BOUNDS[activation];
  if (mode === 'xnnpack') return boundsOf(low ?? -Infinity, high ?? Infinity, output);
  return {
    min: low === undefined ? INT8_MIN : Math.max(INT8_MIN, quantize(low)),
    max: high === undefined ? INT8_MAX : Math.min(INT8_MAX, quantize(high)),
  };
}

const ACTIVATION_BOUNDS: Readonly<Record<Activation, readonly [number | undefined, number | undefined]>> = {
  none: [undefined, undefined],
  relu: [0, undefined],
  relu6: [0, 6],
  relu_n1_to_1: [-1, 1],
};

/**
 * Effective scale of output channel `channel` of a weighted operator.
 * Per channel (and int8 convolutions of one scale): kernel_util.cc PopulateConvolutionQuantizationParams, all in
 * double. `legacy` (one scale in a fully connected layer, uint8 models): GetQuantizedConvolutionMultipler, where
 * the product of the scales is a float.
 */
export function effectiveScale(
  input: GraphTensor,
  weights: GraphTensor,
  output: GraphTensor,
  channel: number,
  legacy: boolean,
): number {
  const scales = weights.quantization!.scale;
  const weightScale = scales.length > 1 ? scales[channel]! : scales[0]!;
  const product = scaleOf(input) * weightScale;
  return (legacy ? f32(product) : product) / scaleOf(output);
}

export interface AddConstants {
  readonly leftShift: number;
  readonly inputs: readonly [FixedMultiplier, FixedMultiplier];
  readonly output: FixedMultiplier;
}

const ADD_LEFT_SHIFT = 20;

/** ADD in double (add_common.cc CalculateOpDataAdd), SUB in float (sub_common.cc CalculateOpDataSub). */
export function addConstants(
  scales: readonly [number, number],
  outputScale: number,
  subtract: boolean,
): AddConstants {
  const round = subtract ? f32 : (x: number): number => x;
  const twiceMax = round(2 * Math.max(...scales));
  const input = (scale: number) => quantizeMultiplier(round(scale / twiceMax));
  return {
    leftShift: ADD_LEFT_SHIFT,
    inputs: [input(scales[0]), input(scales[1])],
    output: quantizeMultiplier(round(twiceMax / round(2 ** ADD_LEFT_SHIFT * outputScale))),
  };
}

/** reduce.h QuantizedMeanOrSum: 1/count goes into the multiplier, which then may lie below 2^30. */
export function meanMultiplier(inputScale: number, outputScale: number, count: number): FixedMultiplier {
  const base = quantizeMultiplier(inputScale / outputScale);
  const shift = Math.min(31 - Math.clz32(count), 32, 31 + base.shift);
  return {
    multiplier: Number((BigInt(base.multiplier) << BigInt(shift)) / BigInt(count)),
    shift: base.shift - shift,
  };
}

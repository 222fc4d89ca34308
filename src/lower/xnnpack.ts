/**
 * Constants of mode `xnnpack`: what TensorFlow Lite with its XNNPACK delegate computes, float32 step by step.
 * Source: google/XNNPACK at 75db3c093b6d74fe90b8df82670cd8a01102ba38, file per function; test/golden/xnnpack
 * compares layers with the delegate itself.
 */
import type { Clamp } from '../ir/deploy-plan.js';
import type { GraphTensor } from '../ir/graph.js';
import { type FixedMultiplier, quantizeFloat32, roundHalfEven } from '../numeric/requantize.js';
import { scaleOf, zeroPointOf } from './tensor-scale.js';

const f32 = Math.fround;
const INT8_MIN = -128;
const INT8_MAX = 127;

const clampInt8 = (q: number): number => Math.max(INT8_MIN, Math.min(INT8_MAX, q));

/** src/operators/convolution-nhwc.c: input_scale · kernel_scale / output_scale, each rounded to float32. */
export function requantizationScale(
  input: GraphTensor,
  weights: GraphTensor,
  output: GraphTensor,
  channel: number,
): FixedMultiplier {
  const scales = weights.quantization!.scale;
  const weightScale = f32(scales.length > 1 ? scales[channel]! : scales[0]!);
  return quantizeFloat32(f32(f32(scaleOf(input) * weightScale) / scaleOf(output)));
}

/** src/microparams-init.c xnn_init_qs8_mul_minmax_scalar_params. */
export const productScale = (a: GraphTensor, b: GraphTensor, output: GraphTensor): FixedMultiplier =>
  quantizeFloat32(f32(f32(scaleOf(a) * scaleOf(b)) / scaleOf(output)));

/** src/microparams-init.c xnn_update_qs8_reduce_scalar_params: the ratio of scales times float32(1 / count). */
export const meanScale = (input: GraphTensor, output: GraphTensor, count: number): FixedMultiplier =>
  quantizeFloat32(f32(f32(scaleOf(input) / scaleOf(output)) * f32(1 / count)));

/** src/xnnpack/requantization.h xnn_qs8_quantize of a real bound; infinite bounds are the width's own. */
export function quantizedBound(real: number, output: GraphTensor): number {
  const q = f32(f32(f32(real) / scaleOf(output)) + zeroPointOf(output));
  return clampInt8(roundHalfEven(clampInt8(q)));
}

export const boundsOf = (low: number, high: number, output: GraphTensor): Clamp => ({
  min: quantizedBound(low, output),
  max: quantizedBound(high, output),
});

/**
 * src/qs8-vcvt: QUANTIZE between 8-bit types as a Q8.7 product with one rounding (i16x8.q15mulr_sat_s),
 * tabulated over the 256 inputs.
 */
export function convertTable(input: GraphTensor, output: GraphTensor): Int8Array {
  const ratio = f32(scaleOf(input) / scaleOf(output));
  const multiplier = roundHalfEven(f32(256 * ratio));
  return Int8Array.from({ length: 256 }, (_, i) => {
    const difference = (zeroPointOf(input) - (i - 128)) * 2 ** 7;
    const scaled = Math.floor((difference * -multiplier + 2 ** 14) / 2 ** 15);
    return clampInt8(Math.max(-32768, Math.min(32767, scaled)) + zeroPointOf(output));
  });
}

/** src/reference/unary-elementwise.cc: LOGISTIC in float32 on the real input, tabulated over the 256 inputs. */
export function sigmoidTable(input: GraphTensor, output: GraphTensor): Int8Array {
  const inverse = f32(1 / f32(scaleOf(output)));
  return Int8Array.from({ length: 256 }, (_, i) => {
    const x = f32((i - 128 - zeroPointOf(input)) * f32(scaleOf(input)));
    const y = f32(1 / f32(1 + f32(Math.exp(-x))));
    return clampInt8(roundHalfEven(f32(f32(y * inverse) + zeroPointOf(output))));
  });
}

/** RELU, RELU6, QUANTIZE, LOGISTIC and SOFTMAX. */

import { MAX_CLASSES } from '../invariants/accumulators.js';
import type { Clamp } from '../ir/deploy-plan.js';
import {
  type FixedMultiplier,
  quantizeMultiplier,
  roundingDivideByPot,
  SCALE_BY_MODE,
  saturatingRoundingDoublingHighMul,
} from '../numeric/requantize.js';
import { expOnNegative, logistic } from './gemmlowp.js';
import {
  addStep,
  inputTensor,
  maxDeviation,
  type NodeContext,
  type NodeOf,
  outputTensor,
  planInput,
  refuse,
  requireFits,
  tooLarge,
} from './node-context.js';
import { activationRange, inputRadius, sameQuantization, scaleOf, zeroPointOf } from './scales.js';

const INT8_RANGE: Clamp = { min: -128, max: 127 };
const SOFTMAX_INTEGER_BITS = 5;
const LOGISTIC_INTEGER_BITS = 4;

function addRequantize(c: NodeContext, requant: FixedMultiplier, clamp: Clamp): void {
  requireFits(c, maxDeviation(zeroPointOf(inputTensor(c, 0))), requant.shift, 'the scaled value');
  addStep<'requantize'>(c, { op: 'requantize', requant, clamp }, [planInput(c, 0)]);
}

/** activations_common.cc CalculateReluOpData: the ratio of scales is a float. */
export function lowerRelu(c: NodeContext<NodeOf<'relu' | 'relu6'>>): void {
  const [input, output] = [inputTensor(c, 0), outputTensor(c)];
  const ratio = Math.fround(scaleOf(input) / scaleOf(output));
  addRequantize(c, quantizeMultiplier(ratio), activationRange(c.node.op as 'relu' | 'relu6', output));
}

/** quantize_common.cc and requantize.h, int8 to int8; the ratio of scales is a double. */
export function lowerQuantize(c: NodeContext<NodeOf<'quantize'>>): void {
  const [input, output] = [inputTensor(c, 0), outputTensor(c)];
  addRequantize(c, quantizeMultiplier(scaleOf(input) / scaleOf(output)), INT8_RANGE);
}

/** True when a QUANTIZE between 8-bit types changes no stored value. */
export const isIdentityQuantize = (c: NodeContext): boolean =>
  sameQuantization(inputTensor(c, 0), outputTensor(c));

function requireProbabilityOutput(c: NodeContext): void {
  const output = outputTensor(c);
  if (scaleOf(output) !== 1 / 256 || zeroPointOf(output) !== -128)
    throw refuse(
      c,
      `output has scale ${scaleOf(output)} and zero point ${zeroPointOf(output)}; only 1/256 and the lowest value are defined`,
    );
}

/** integer_ops/logistic.h with logistic_common.cc, tabulated over the 256 inputs. */
export function lowerLogistic(c: NodeContext<NodeOf<'logistic'>>): void {
  requireProbabilityOutput(c);
  const input = inputTensor(c, 0);
  const multiplier = quantizeMultiplier(scaleOf(input) * 2 ** (31 - LOGISTIC_INTEGER_BITS));
  const radius = inputRadius(LOGISTIC_INTEGER_BITS, multiplier.shift);
  const zeroPoint = zeroPointOf(input);
  const table = Int8Array.from({ length: 256 }, (_, i) =>
    logisticValue(i - 128 - zeroPoint, radius, (x) => SCALE_BY_MODE[c.mode](x, multiplier)),
  );
  addStep<'lookup'>(c, { op: 'lookup', table: c.builder.addInt8(table) }, [planInput(c, 0)]);
}

function logisticValue(centred: number, radius: number, toQ4: (x: number) => number): number {
  if (centred <= -radius) return -128;
  if (centred >= radius) return 127;
  const q = roundingDivideByPot(logistic(toQ4(centred), LOGISTIC_INTEGER_BITS), 31 - 8) - 128;
  return Math.min(127, Math.max(-128, q));
}

/** softmax_common.cc CalculateSoftmaxParams and reference/softmax.h: the exponentials as a table. */
export function lowerSoftmax(c: NodeContext<NodeOf<'softmax'>>): void {
  requireProbabilityOutput(c);
  const classes = inputTensor(c, 0).shape.at(-1) ?? 1;
  if (classes > MAX_CLASSES)
    throw tooLarge(c, 'the sum of exponentials may overflow', `${classes} classes`, `at most ${MAX_CLASSES}`);
  // PreprocessSoftmaxScaling: beta is a float widened to double; the cap depends on the rounding compiled in.
  const cap = 2 ** (c.mode === 'single' ? 30 : 31) - 1;
  const real = Math.min(c.node.beta * scaleOf(inputTensor(c, 0)) * 2 ** (31 - SOFTMAX_INTEGER_BITS), cap);
  if (!(real > 1))
    throw tooLarge(c, 'the input scale is too small', String(scaleOf(inputTensor(c, 0))), 'above 2^-26');
  const { multiplier, shift } = quantizeMultiplier(real);
  const lowestDifference = -inputRadius(SOFTMAX_INTEGER_BITS, shift);
  const table = Int32Array.from({ length: 256 }, (_, i) => {
    if (-i < lowestDifference) return 0;
    // With a left shift only, one and two roundings give the same value.
    const scaled = saturatingRoundingDoublingHighMul(-i * 2 ** shift, multiplier);
    return expOnNegative(scaled, SOFTMAX_INTEGER_BITS);
  });
  addStep<'softmax'>(c, { op: 'softmax', expTable: c.builder.addInt32(table) }, [planInput(c, 0)]);
}

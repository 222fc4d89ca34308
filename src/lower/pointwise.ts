/** RELU, RELU6, QUANTIZE, LOGISTIC and SOFTMAX. */

import { MAX_CLASSES } from '../invariants/accumulators.js';
import type { Clamp } from '../ir/deploy-plan.js';
import { type FixedMultiplier, quantizeMultiplier, requantize } from '../numeric/requantize.js';
import { logisticTable, softmaxFactor, softmaxTable } from '../ops/function-tables.js';
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
import { activationRange, sameQuantization, scaleOf, zeroPointOf } from './scales.js';
import { convertTable, sigmoidTable } from './xnnpack.js';

const INT8_RANGE: Clamp = { min: -128, max: 127 };

function addRequantize(c: NodeContext, requant: FixedMultiplier, clamp: Clamp): void {
  requireFits(c, maxDeviation(zeroPointOf(inputTensor(c, 0))), requant.shift, 'the scaled value');
  addStep<'requantize'>(c, { op: 'requantize', requant, clamp }, [planInput(c, 0)]);
}

function addLookup(c: NodeContext, table: Int8Array): void {
  addStep<'lookup'>(c, { op: 'lookup', table: c.builder.addInt8(table) }, [planInput(c, 0)]);
}

/** activations_common.cc CalculateReluOpData: the ratio of scales is a float. XNNPACK leaves this to TFLite. */
export function lowerRelu(c: NodeContext<NodeOf<'relu' | 'relu6'>>): void {
  const [input, output] = [inputTensor(c, 0), outputTensor(c)];
  const requant = quantizeMultiplier(Math.fround(scaleOf(input) / scaleOf(output)));
  const clamp = activationRange(c.node.op as 'relu' | 'relu6', output);
  if (c.mode !== 'xnnpack') {
    addRequantize(c, requant, clamp);
    return;
  }
  const stage = { zeroPoint: zeroPointOf(output), ...clamp };
  addLookup(
    c,
    Int8Array.from({ length: 256 }, (_, i) =>
      requantize(i - 128 - zeroPointOf(input), requant, 'tflm', stage),
    ),
  );
}

/** quantize_common.cc and requantize.h, int8 to int8; the ratio of scales is a double. */
export function lowerQuantize(c: NodeContext<NodeOf<'quantize'>>): void {
  const [input, output] = [inputTensor(c, 0), outputTensor(c)];
  if (c.mode === 'xnnpack') addLookup(c, convertTable(input, output));
  else addRequantize(c, quantizeMultiplier(scaleOf(input) / scaleOf(output)), INT8_RANGE);
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

export function lowerLogistic(c: NodeContext<NodeOf<'logistic'>>): void {
  requireProbabilityOutput(c);
  const input = inputTensor(c, 0);
  const table =
    c.mode === 'xnnpack'
      ? sigmoidTable(input, outputTensor(c))
      : logisticTable({ scale: scaleOf(input), zeroPoint: zeroPointOf(input), bits: 8 }, c.mode);
  addLookup(c, table);
}

export function lowerSoftmax(c: NodeContext<NodeOf<'softmax'>>): void {
  requireProbabilityOutput(c);
  const input = inputTensor(c, 0);
  const classes = input.shape.at(-1) ?? 1;
  if (classes > MAX_CLASSES)
    throw tooLarge(c, 'the sum of exponentials may overflow', `${classes} classes`, `at most ${MAX_CLASSES}`);
  const factor = softmaxFactor(scaleOf(input), c.node.beta, c.mode);
  if (!(factor > 1)) throw tooLarge(c, 'the input scale is too small', String(scaleOf(input)), 'above 2^-26');
  addStep<'softmax'>(c, { op: 'softmax', expTable: c.builder.addInt32(softmaxTable(factor)) }, [
    planInput(c, 0),
  ]);
}

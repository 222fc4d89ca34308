/**
 * ADD, SUB and MUL. A constant scalar operand makes them a function of one value and so a table; a constant per
 * channel becomes one computed pixel, broadcast.
 */
import type { AddScaling, Clamp } from '../ir/deploy-plan.js';
import type { GraphTensor } from '../ir/graph.js';
import { type FixedMultiplier, quantizeMultiplier, SCALE_BY_MODE } from '../numeric/requantize.js';
import { addScaling, combine } from '../ops/add.js';
import { dropLeadingOnes, shapeElements } from '../ops/graph-shapes.js';
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
  where,
} from './node-context.js';
import { planShape } from './plan-builder.js';
import { activationRange, addConstants, scaleOf, zeroPointOf } from './scales.js';
import { productScale } from './xnnpack.js';

type BinaryContext = NodeContext<NodeOf<'add' | 'sub' | 'mul'>>;

/** q from the stored values of both operands: the slow obvious form, used to fill tables. */
type BinaryFunction = (first: number, second: number) => number;

const IDENTITY: FixedMultiplier = { multiplier: 1 << 30, shift: 1 };
const MAX_STRIDE = 1024;

export function lowerAddSub(c: NodeContext<NodeOf<'add' | 'sub'>>): void {
  const [a, b, out] = [inputTensor(c, 0), inputTensor(c, 1), outputTensor(c)];
  const subtract = c.node.op === 'sub';
  const clamp = activationRange(c.node.activation, out, c.mode);
  const scaling = scalingOf(c, subtract);
  const zeroPoints = [a, b, out].map(zeroPointOf);
  const apply: BinaryFunction = (x, y) => {
    const sum = combine(x - zeroPoints[0]!, y - zeroPoints[1]!, scaling, subtract ? -1 : 1);
    return clampTo(sum + zeroPoints[2]!, clamp);
  };
  if (lowerScalarConstant(c, apply)) return;
  const order = operandOrder(c, subtract);
  const inputs = order.map((index) => operand(c, index));
  addStep<'add'>(
    c,
    { op: 'add', subtract, scaling: order[0] === 0 ? scaling : swapOperands(scaling), clamp },
    inputs,
  );
}

export function lowerMul(c: NodeContext<NodeOf<'mul'>>): void {
  const [a, b, out] = [inputTensor(c, 0), inputTensor(c, 1), outputTensor(c)];
  // mul_common.cc CalculateOpDataMul: products in double.
  const requant =
    c.mode === 'xnnpack'
      ? productScale(a, b, out)
      : quantizeMultiplier((scaleOf(a) * scaleOf(b)) / scaleOf(out));
  const clamp = activationRange(c.node.activation, out, c.mode);
  const bound = maxDeviation(zeroPointOf(a)) * maxDeviation(zeroPointOf(b));
  requireFits(c, bound, requant.shift, 'the scaled product');
  const [za, zb, zo] = [zeroPointOf(a), zeroPointOf(b), zeroPointOf(out)];
  const apply: BinaryFunction = (x, y) =>
    clampTo(SCALE_BY_MODE[c.mode]((x - za) * (y - zb), requant) + zo, clamp);
  if (lowerScalarConstant(c, apply)) return;
  const inputs = operandOrder(c, false).map((index) => operand(c, index));
  addStep<'mul'>(c, { op: 'mul', requant, clamp }, inputs);
}

const clampTo = (q: number, clamp: Clamp): number => Math.min(clamp.max, Math.max(clamp.min, q));

/** Ratios of input to output scale that XNNPACK's addition takes. */
const XNNPACK_RATIOS = [2 ** -10, 2 ** 8] as const;

/** integer_ops/add.h AddFunc and sub.cc, both operands scaled up by 2^20 and to a common scale; or XNNPACK's. */
function scalingOf(c: NodeContext<NodeOf<'add' | 'sub'>>, subtract: boolean): AddScaling {
  const [a, b, out] = [inputTensor(c, 0), inputTensor(c, 1), outputTensor(c)].map(scaleOf) as [
    number,
    number,
    number,
  ];
  if (c.mode === 'xnnpack') {
    const [least, most] = XNNPACK_RATIOS;
    if ([a, b].some((scale) => !(scale / out >= least && scale / out < most)))
      throw refuse(c, 'the ratio of its scales is not one that XNNPACK adds', 'Choose another mode.');
    return addScaling(a, b, out, 'xnnpack');
  }
  const constants = addConstants([a, b], out, subtract);
  if (constants.output.shift > 0)
    throw tooLarge(c, 'the output scale is too small for the inputs', String(out), 'a larger scale');
  return { mode: c.mode, ...constants };
}

function swapOperands(scaling: AddScaling): AddScaling {
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack')
    return { ...scaling, multipliers: [scaling.multipliers[1], scaling.multipliers[0]] };
  return { ...scaling, inputs: [scaling.inputs[1], scaling.inputs[0]] };
}

/** Lowers to a table when one operand is a single constant; false when neither is. */
function lowerScalarConstant(c: BinaryContext, apply: BinaryFunction): boolean {
  const constant = [0, 1].find((index) => inputTensor(c, index).data?.length === 1);
  if (constant === undefined) return false;
  const value = Number(inputTensor(c, constant).data![0]);
  const other = 1 - constant;
  if (inputTensor(c, other).data !== undefined) throw refuse(c, 'both operands are constants');
  if (shapeElements(inputTensor(c, other).shape) !== shapeElements(outputTensor(c).shape))
    throw refuse(c, 'a constant broadcasts the other operand');
  const table = Int8Array.from({ length: 256 }, (_, i) =>
    constant === 0 ? apply(value, i - 128) : apply(i - 128, value),
  );
  addStep<'lookup'>(c, { op: 'lookup', table: c.builder.addInt8(table) }, [planInput(c, other)]);
  return true;
}

/** Operand indices, the one of the output's shape first. */
function operandOrder(c: BinaryContext, subtract: boolean): readonly [0 | 1, 0 | 1] {
  const output = planShape(outputTensor(c), where(c));
  const isFull = (index: number) =>
    inputTensor(c, index).data === undefined &&
    planShape(inputTensor(c, index), where(c)).every((n, axis) => n === output[axis]);
  const order = isFull(0) ? ([0, 1] as const) : ([1, 0] as const);
  if (!isFull(order[0])) throw refuse(c, 'neither operand is an activation of the output shape');
  if (subtract && order[0] === 1) throw refuse(c, 'the first operand of a subtraction is broadcast');
  const second = planShape(inputTensor(c, order[1]), where(c));
  const perChannel = second[0] === 1 && second[1] === 1 && (second[2] === output[2] || second[2] === 1);
  if (!perChannel && !second.every((n, axis) => n === output[axis]))
    throw refuse(c, `an operand of shape [${second.join(', ')}] is broadcast along some axes only`);
  return order;
}

function operand(c: BinaryContext, index: 0 | 1): number {
  const tensor = inputTensor(c, index);
  return tensor.data === undefined ? planInput(c, index) : constantPixel(c, tensor, index === 0 ? 1 : 0);
}

/**
 * A constant per channel as a plan tensor [1, 1, c]: a plan has no constant tensors, but a depthwise convolution
 * with zero weights and the constant as its bias computes exactly these values.
 */
function constantPixel(c: BinaryContext, tensor: GraphTensor, otherIndex: 0 | 1): number {
  const shape = planShape(tensor, where(c));
  const other = planShape(inputTensor(c, otherIndex), where(c));
  const channels = shape[2];
  const fits = dropLeadingOnes(tensor.shape).length <= 1 && channels === other[2];
  if (!(tensor.data instanceof Int8Array) || !fits || other[0] > MAX_STRIDE || other[1] > MAX_STRIDE)
    throw refuse(c, `constant operand ${tensor.name} is neither one value nor one per channel`);
  const zeroPoint = zeroPointOf(tensor);
  const name = `${c.node.name}_constant`;
  const output = c.builder.addTensor(name, [1, 1, channels], scaleOf(tensor), zeroPoint);
  const perChannel = <T>(value: T): T[] => new Array<T>(channels).fill(value);
  c.builder.addStep({
    op: 'depthwise_conv2d',
    name: c.builder.planTensor(output).name,
    inputs: [planInput(c, otherIndex)],
    output,
    window: {
      kernelHeight: 1,
      kernelWidth: 1,
      strideHeight: other[0],
      strideWidth: other[1],
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: 0,
      padLeft: 0,
    },
    depthMultiplier: 1,
    weights: c.builder.addInt8(perChannel(0)),
    weightBits: 8,
    weightZeroPoint: 0,
    bias: c.builder.addInt32(Array.from(tensor.data, (q) => q - zeroPoint)),
    multiplier: c.builder.addInt32(perChannel(IDENTITY.multiplier)),
    shift: c.builder.addInt8(perChannel(IDENTITY.shift)),
    clamp: { min: -128, max: 127 },
  });
  return output;
}

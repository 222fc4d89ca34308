/** PAD, RESHAPE, TRANSPOSE, CONCATENATION and RESIZE_NEAREST_NEIGHBOR: values move, none changes. */
import { quantizeMultiplierFor } from '../numeric/requantize.js';
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
  requireSameQuantization,
  where,
} from './node-context.js';
import { planShape, type Shape3 } from './plan-builder.js';
import { activationRange, roundHalfAway, sameQuantization, scaleOf, zeroPointOf } from './scales.js';

export function lowerPad(c: NodeContext<NodeOf<'pad'>>): void {
  requireSameQuantization(c);
  const front = c.node.before.length - 3;
  const [h, w, ch] = [0, 1, 2].map((axis) => c.node.before[axis + front] ?? 0);
  const batch = Math.max(0, front);
  if ([...c.node.before.slice(0, batch), ...c.node.after.slice(0, batch)].some((n) => n !== 0))
    throw refuse(c, 'pads the batch');
  addStep<'pad'>(c, { op: 'pad', before: [h!, w!, ch!] }, [planInput(c, 0)]);
}

export function lowerReshape(c: NodeContext<NodeOf<'reshape'>>): void {
  requireSameQuantization(c);
  addStep<'reshape'>(c, { op: 'reshape' }, [planInput(c, 0)]);
}

export function lowerTranspose(c: NodeContext<NodeOf<'transpose'>>): void {
  requireSameQuantization(c);
  const [from, to] = [inputTensor(c, 0), outputTensor(c)];
  addStep<'transpose'>(c, { op: 'transpose', permutation: planPermutation(c.node, from.shape, to.shape) }, [
    planInput(c, 0),
  ]);
}

/**
 * The permutation over (h, w, c). Only axes longer than 1 matter: each goes where the node sends it; axes of
 * size 1 fill the places left.
 */
function planPermutation(
  node: NodeOf<'transpose'>,
  from: readonly number[],
  to: readonly number[],
): readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2] {
  const inFront = from.length - 3;
  const placed = [0, 1, 2].map((axis) => {
    const full = axis + to.length - 3;
    return full >= 0 && to[full]! > 1 ? node.permutation[full]! - inFront : -1;
  });
  const free = [0, 1, 2].filter((axis) => !placed.includes(axis));
  return placed.map((axis) => (axis < 0 ? free.shift()! : axis)) as [0, 1, 2];
}

export function lowerConcatenation(c: NodeContext<NodeOf<'concatenation'>>): void {
  const output = outputTensor(c);
  const axis = c.node.axis - (output.shape.length - 3);
  if (axis < 0) throw refuse(c, 'concatenates along the batch');
  const requant = c.node.inputs.map((_, index) => {
    const input = inputTensor(c, index);
    if (sameQuantization(input, output)) return null;
    // TFLM's int8 kernel refuses this case; the plan requantises each input, as QUANTIZE would.
    const multiplier = quantizeMultiplierFor(c.mode, scaleOf(input) / scaleOf(output));
    requireFits(c, maxDeviation(zeroPointOf(input)), multiplier.shift, `the scaled input ${index}`);
    return multiplier;
  });
  const clamp = activationRange(c.node.activation, output);
  addStep<'concatenation'>(
    c,
    { op: 'concatenation', axis: axis as 0 | 1 | 2, requant, clamp },
    c.node.inputs.map((_, index) => planInput(c, index)),
  );
}

export function lowerResizeNearest(c: NodeContext<NodeOf<'resize_nearest'>>): void {
  requireSameQuantization(c);
  const from: Shape3 = planShape(inputTensor(c, 0), where(c));
  const to: Shape3 = planShape(outputTensor(c), where(c));
  const rows = nearestIndices(from[0], to[0], c.node);
  const columns = nearestIndices(from[1], to[1], c.node);
  addStep<'resize_nearest'>(c, { op: 'resize_nearest', rows, columns }, [planInput(c, 0)]);
}

/** reference/resize_nearest_neighbor.h GetNearestNeighbor, in float. */
function nearestIndices(from: number, to: number, node: NodeOf<'resize_nearest'>): number[] {
  const f32 = Math.fround;
  const aligned = node.alignCorners && to > 1;
  const scale = aligned ? f32((from - 1) / f32(to - 1)) : f32(from / f32(to));
  const offset = node.halfPixelCenters ? 0.5 : 0;
  return Array.from({ length: to }, (_, index) => {
    const position = f32(f32(index + offset) * scale);
    const source = node.alignCorners ? roundHalfAway(position) : Math.floor(position);
    return Math.max(0, Math.min(from - 1, source));
  });
}

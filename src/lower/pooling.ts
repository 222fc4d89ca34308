/** AVERAGE_POOL_2D, MAX_POOL_2D and MEAN. */
import type { PlanTensor } from '../ir/deploy-plan.js';
import {
  addStep,
  inputTensor,
  maxDeviation,
  type NodeContext,
  type NodeOf,
  outputTensor,
  planInput,
  planOutput,
  refuse,
  requireFits,
  requireSameQuantization,
} from './node-context.js';
import type { Shape3 } from './plan-builder.js';
import { activationRange, meanMultiplier, scaleOf, zeroPointOf } from './scales.js';
import { stepWindow } from './weighted.js';
import { meanScale } from './xnnpack.js';

/** Offset that makes the sums of a re-centred uint8 model the file's own, so that they round alike. */
const UINT8_ORIGIN = 128;

export function lowerAveragePool(c: NodeContext<NodeOf<'average_pool2d' | 'max_pool2d'>>): void {
  requireSameQuantization(c);
  const origin = inputTensor(c, 0).wasUint8 === true ? UINT8_ORIGIN : 0;
  const clamp = activationRange(c.node.activation, outputTensor(c));
  const window = stepWindow(c.node.window);
  addStep<'average_pool2d'>(c, { op: 'average_pool2d', window, origin, clamp }, [planInput(c, 0)]);
}

export function lowerMaxPool(c: NodeContext<NodeOf<'average_pool2d' | 'max_pool2d'>>): void {
  requireSameQuantization(c);
  const clamp = activationRange(c.node.activation, outputTensor(c));
  addStep<'max_pool2d'>(c, { op: 'max_pool2d', window: stepWindow(c.node.window), clamp }, [planInput(c, 0)]);
}

/**
 * MEAN over any axes. A plan's mean reduces height and width; other axes are first brought there by a transpose
 * and a reshape, which move values without changing them.
 */
export function lowerMean(c: NodeContext<NodeOf<'mean'>>): void {
  const [input, output] = [inputTensor(c, 0), outputTensor(c)];
  const from = c.builder.planTensor(planInput(c, 0));
  const first = input.shape.length - 3;
  const reduced = c.node.axes.map((axis) => axis - first).filter((axis) => axis >= 0);
  const count = reduced.reduce((product, axis) => product * from.shape[axis]!, 1);
  const requant =
    c.mode === 'xnnpack'
      ? meanScale(input, output, count)
      : meanMultiplier(scaleOf(input), scaleOf(output), count);
  requireFits(c, count * maxDeviation(zeroPointOf(input)), requant.shift, 'the scaled sum');
  if (requant.shift < -31) throw refuse(c, 'the output scale is too large for the input');
  const fields = {
    op: 'mean',
    requant,
    clamp: activationRange('none', output),
  } as const;
  const spatial = reduced.every((axis) => axis < 2);
  const wholePixels = [0, 1].every((axis) => reduced.includes(axis) || from.shape[axis] === 1);
  if (spatial && wholePixels) {
    addStep<'mean'>(c, fields, [from.id]);
    return;
  }
  const kept = [0, 1, 2].filter((axis) => !reduced.includes(axis));
  const rows = rowsToReduce(c, from, [...reduced, ...kept], count);
  const result = planOutput(c);
  const target = c.builder.planTensor(result);
  const columns = rows.shape[2];
  const flat = c.builder.addTensor(`${c.node.name}_flat`, [1, 1, columns], target.scale, target.zeroPoint);
  c.builder.addStep({ ...fields, name: c.builder.planTensor(flat).name, inputs: [rows.id], output: flat });
  addStep<'reshape'>(c, { op: 'reshape' }, [flat]);
}

/** The input as [1, count, rest]: the axes in the given order, the reduced ones in front. */
function rowsToReduce(c: NodeContext, from: PlanTensor, order: readonly number[], count: number): PlanTensor {
  const permutation = order as unknown as Shape3;
  const shape = permutation.map((axis) => from.shape[axis]!) as unknown as Shape3;
  const moved = c.builder.addTensor(`${c.node.name}_transposed`, shape, from.scale, from.zeroPoint);
  const rest = shape.reduce((a, b) => a * b, 1) / count;
  const rows = c.builder.addTensor(`${c.node.name}_rows`, [1, count, rest], from.scale, from.zeroPoint);
  const nameOf = (id: number) => c.builder.planTensor(id).name;
  c.builder.addStep({ op: 'transpose', name: nameOf(moved), inputs: [from.id], output: moved, permutation });
  c.builder.addStep({ op: 'reshape', name: nameOf(rows), inputs: [moved], output: rows });
  return c.builder.planTensor(rows);
}

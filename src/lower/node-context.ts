/** What the lowering of one node sees, and the checks that several operators share. */
import type { StepOf, StepOp } from '../ir/deploy-plan.js';
import type { Graph, GraphNode, GraphOp, GraphTensor } from '../ir/graph.js';
import type { ImportedMode } from '../numeric/requantize.js';
import { limit, unsupported } from '../support/errors.js';
import type { PlanBuilder } from './plan-builder.js';
import { sameQuantization } from './scales.js';

/** The node type that carries operator K; several operators may share one. */
export type NodeOf<K extends GraphOp> = GraphNode extends infer N
  ? N extends { readonly op: infer O }
    ? [Extract<K, O>] extends [never]
      ? never
      : N
    : never
  : never;

export interface NodeContext<N extends GraphNode = GraphNode> {
  readonly node: N;
  readonly builder: PlanBuilder;
  /** How accumulators are scaled back. */
  readonly mode: ImportedMode;
}

export const inputTensor = (c: NodeContext, index: number): GraphTensor =>
  c.builder.graph.tensors[c.node.inputs[index]!]!;
export const outputTensor = (c: NodeContext): GraphTensor => c.builder.graph.tensors[c.node.outputs[0]!]!;

/** Plan tensor of a data input; a constant there has no place in a plan. */
export function planInput(c: NodeContext, index: number): number {
  const tensor = inputTensor(c, index);
  if (tensor.data !== undefined)
    throw refuse(c, `operand ${tensor.name} is a constant`, 'Fold constants when exporting the network.');
  return c.builder.tensorFor(tensor.id, c.node.name);
}

/** Plan tensor of the node's output, named after the layer. */
export const planOutput = (c: NodeContext): number => c.builder.tensorFor(c.node.outputs[0]!, c.node.name);

/** Adds a step named after the node, writing the node's output. */
export function addStep<K extends StepOp>(
  c: NodeContext,
  fields: Omit<StepOf<K>, 'name' | 'output' | 'inputs'>,
  inputs: readonly number[],
): void {
  const step = { ...fields, name: c.node.name, inputs, output: planOutput(c) } as unknown as StepOf<K>;
  c.builder.addStep(step);
}

/** File and layer, for messages. */
export function whereOf(graph: Graph, node: GraphNode): string {
  const file = graph.source.file;
  return file === undefined ? `layer ${node.name}` : `${file}, layer ${node.name}`;
}
export const where = (c: NodeContext): string => whereOf(c.builder.graph, c.node);

export const refuse = (c: NodeContext, message: string, fix?: string): Error =>
  unsupported('lower/unsupported', `${c.node.op}: ${message}`, {
    where: where(c),
    ...(fix === undefined ? {} : { fix }),
  });

export const tooLarge = (c: NodeContext, message: string, found: string, expected: string): Error =>
  limit('lower/overflow', `${c.node.op}: ${message}`, { where: where(c), found, expected });

/** For operators that move values without changing them. */
export function requireSameQuantization(c: NodeContext): void {
  const [from, to] = [inputTensor(c, 0), outputTensor(c)];
  if (!sameQuantization(from, to))
    throw refuse(
      c,
      'input and output have different scales or zero points, which its TFLM kernel does not allow',
      'Quantise the network again with a current converter.',
    );
}

/** Largest |q − z| of an int8 tensor with this zero point. */
export const maxDeviation = (zeroPoint: number): number => Math.max(127 - zeroPoint, zeroPoint + 128);

/** Fails unless `bound` shifted left by the multiplier's shift stays under 2^31. */
export function requireFits(c: NodeContext, bound: number, shift: number, what: string): void {
  const shifted = bound * 2 ** Math.max(0, shift);
  if (shifted >= 2 ** 31) throw tooLarge(c, `${what} may overflow 32 bits`, String(shifted), 'below 2^31');
}

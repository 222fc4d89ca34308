/** The network under construction: Graph tensors and nodes, with two kinds of node that only import knows. */
import type { GraphNode } from '../../ir/graph.js';
import { shapeElements } from '../../ops/graph-shapes.js';
import { limit } from '../../support/errors.js';
import type { Constant, QuantizationParameters } from './constant.js';
import { MAX_ELEMENTS } from './tensor.js';
import { isFree, orderedShape, planMove, sameShape, type View } from './view.js';

export interface DraftTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** In the tensor's own order of axes. */
  readonly constant?: Constant;
}

/** A batch normalisation before it is folded: x · scale + shift per channel, the last axis. */
export interface AffineNode {
  readonly op: 'affine';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** QuantizeLinear and DequantizeLinear in a row. */
export interface FakeQuantizeNode {
  readonly op: 'fake_quantize';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly parameters: QuantizationParameters;
}

type Nameless<N> = N extends GraphNode ? Omit<N, 'name'> : never;
/** Nodes get their names at the end, after what they compute. */
export type DraftNode = Nameless<GraphNode> | AffineNode | FakeQuantizeNode;
/** The draft node that carries operator K; several operators may share one. */
export type DraftNodeOf<K extends DraftNode['op'], N = DraftNode> = N extends { readonly op: infer O }
  ? [Extract<K, O>] extends [never]
    ? never
    : N
  : never;
type WithoutOutputs<N> = N extends DraftNode ? Omit<N, 'outputs'> : never;

/** Elements that may be made from constants per byte of file; honest files stay below 5. */
const BUDGET_PER_BYTE = 8;
const BUDGET_BASE = 1 << 24;

export class Draft {
  readonly tensors: DraftTensor[] = [];
  readonly nodes: DraftNode[] = [];
  private readonly moves = new Map<string, number>();
  private budget: number;

  constructor(
    readonly fileName: string,
    fileBytes: number,
  ) {
    this.budget = fileBytes * BUDGET_PER_BYTE + BUDGET_BASE;
  }

  /** Accounts for `elements` values computed from constants. */
  charge(elements: number, what: string): void {
    this.budget -= elements;
    if (this.budget < 0)
      throw limit('onnx/amplified', `${what} unfolds to far more data than the file holds`, {
        where: this.fileName,
        fix: 'The file is corrupt or hostile; export it again.',
      });
  }

  addTensor(name: string, shape: readonly number[]): number {
    const elements = shapeElements(shape);
    if (elements > MAX_ELEMENTS || elements < 1)
      throw limit('onnx/tensor-size', `tensor ${shortLabel(name)} has an impossible size`, {
        where: this.fileName,
        found: `[${shape.join(', ')}]`,
        expected: `1…${MAX_ELEMENTS} elements`,
      });
    return this.tensors.push({ name, shape }) - 1;
  }

  rename(tensor: number, name: string): void {
    this.tensors[tensor] = { ...this.tensors[tensor]!, name };
  }

  addConstant(name: string, constant: Constant): number {
    this.charge(constant.data.length, name);
    return this.tensors.push({ name, shape: constant.dims, constant }) - 1;
  }

  /** Adds a node with one output of the given shape; returns the output's tensor. */
  addNode(node: WithoutOutputs<DraftNode>, name: string, shape: readonly number[]): number {
    const output = this.addTensor(name, shape);
    this.nodes.push({ ...node, outputs: [output] } as DraftNode);
    return output;
  }

  /** The tensor that holds the view's value with its axes in `order`; adds a reshape or transpose if it must. */
  materialize(view: View, order: readonly number[], name: string): number {
    const shape = this.tensors[view.tensor]!.shape;
    const wanted = orderedShape(view, order);
    if (isFree(view, order)) return this.reshape(view.tensor, wanted, name);
    const plan = planMove(view, order, shape);
    const from = this.reshape(view.tensor, plan.from, `${name}/flat`);
    const key = `${from}:${plan.permutation.join()}`;
    const moved =
      this.moves.get(key) ??
      this.addNode(
        { op: 'transpose', inputs: [from], permutation: plan.permutation },
        `${name}/transposed`,
        plan.moved,
      );
    this.moves.set(key, moved);
    return this.reshape(moved, plan.to, name);
  }

  /** The tensor as it is after quantisation and back; repeated ones are shared. */
  fakeQuantize(
    tensor: number,
    parameters: QuantizationParameters,
    name: string,
    shape: readonly number[],
  ): number {
    const key = `${tensor}~${parameters.type}:${parameters.scale[0]}:${parameters.zeroPoint[0]}`;
    const known = this.moves.get(key);
    if (known !== undefined) return known;
    const output = this.addNode({ op: 'fake_quantize', inputs: [tensor], parameters }, name, shape);
    this.moves.set(key, output);
    return output;
  }

  private reshape(tensor: number, shape: readonly number[], name: string): number {
    if (sameShape(this.tensors[tensor]!.shape, shape)) return tensor;
    const key = `${tensor}=${shape.join()}`;
    const known = this.moves.get(key);
    if (known !== undefined) return known;
    const output = this.addNode({ op: 'reshape', inputs: [tensor] }, name, shape);
    this.moves.set(key, output);
    return output;
  }
}

/** Long generated names would drown a message. */
export const shortLabel = (name: string): string => (name.length <= 64 ? name : `${name.slice(0, 61)}...`);

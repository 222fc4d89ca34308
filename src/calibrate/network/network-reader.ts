/** Collects float tensors and layers while a graph is read; what the readers of all operators share. */
import type { StepWindow } from '../../ir/deploy-plan.js';
import type { FloatLayer, FloatTensor, RealBounds } from '../../ir/float-network.js';
import type { Activation, Graph, GraphNode, Window2d } from '../../ir/graph.js';
import { dropLeadingOnes } from '../../ops/graph-shapes.js';
import { unsupported } from '../../support/errors.js';

export type Shape3 = readonly [number, number, number];

export const NO_BOUNDS: RealBounds = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

export const ACTIVATION_BOUNDS: Readonly<Record<Activation, RealBounds>> = {
  none: NO_BOUNDS,
  relu: { min: 0, max: Number.POSITIVE_INFINITY },
  relu6: { min: 0, max: 6 },
  relu_n1_to_1: { min: -1, max: 1 },
};

/** Collects tensors and layers; `at` maps a graph tensor to the float tensor with its values. */
export class NetworkReader {
  readonly tensors: FloatTensor[] = [];
  readonly layers: FloatLayer[] = [];
  private readonly floatTensorOf = new Map<number, number>();
  private readonly names = new Set<string>();

  constructor(readonly graph: Graph) {}

  tensor(name: string, shape: Shape3, graphTensor = -1): number {
    const id = this.tensors.length;
    this.tensors.push({ id, name: this.uniqueName(name), shape, graphTensor });
    if (graphTensor >= 0) this.floatTensorOf.set(graphTensor, id);
    return id;
  }

  /** The float tensor of a graph activation. */
  at(graphTensor: number): number {
    const id = this.floatTensorOf.get(graphTensor);
    if (id === undefined)
      throw unsupported(
        'network/constant',
        `operand ${this.graph.tensors[graphTensor]?.name} is a constant`,
        {
          where: this.graph.name,
          fix: 'Fold constants when exporting the network.',
        },
      );
    return id;
  }
  alias(graphTensor: number, id: number): void {
    this.floatTensorOf.set(graphTensor, id);
  }
  shape(id: number): Shape3 {
    return this.tensors[id]!.shape;
  }
  /** Declares the output tensor of a node, named after its layer. */
  output(node: GraphNode): number {
    const id = node.outputs[0]!;
    return this.tensor(node.name, shape3(this.graph, id), id);
  }
  private uniqueName(name: string): string {
    let unique = name;
    for (let n = 2; this.names.has(unique); n++) unique = `${name}_${n}`;
    this.names.add(unique);
    return unique;
  }
}

/** [height, width, channels] of a graph tensor: leading ones dropped, missing dimensions are 1. */
export function shape3(graph: Graph, id: number): Shape3 {
  const { name, shape } = graph.tensors[id]!;
  const rest = dropLeadingOnes(shape);
  if (rest.length > 3)
    throw unsupported('network/rank', `tensor ${name} has more than three dimensions beside the batch`, {
      where: graph.name,
      found: `[${shape.join(', ')}]`,
      expected: '[1, height, width, channels]',
    });
  const [h, w, c] = [...[1, 1, 1].slice(rest.length), ...rest];
  return [h!, w!, c!];
}

/** Declares the output after the inputs, then adds the layer. */
export function push(
  reader: NetworkReader,
  node: GraphNode,
  make: (inputs: readonly number[], output: number) => FloatLayer,
): void {
  const inputs = node.inputs.map((id) => reader.at(id));
  reader.layers.push(make(inputs, reader.output(node)));
}

export const stepWindow = (window: Window2d): StepWindow => ({
  kernelHeight: window.kernelHeight,
  kernelWidth: window.kernelWidth,
  strideHeight: window.strideHeight,
  strideWidth: window.strideWidth,
  dilationHeight: window.dilationHeight,
  dilationWidth: window.dilationWidth,
  padTop: window.padding.top,
  padLeft: window.padding.left,
});

/** A 1×1 window. */
export const POINT: StepWindow = {
  kernelHeight: 1,
  kernelWidth: 1,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: 0,
  padLeft: 0,
};

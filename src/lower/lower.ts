/**
 * Graph → DeployPlan for quantised models, with the constants that TensorFlow Lite Micro (or XNNPACK) computes;
 * formulas and their sources stand in src/lower/README.md.
 */
import { assertPlan } from '../invariants/plan.js';
import type { DeployPlan, PlanPort } from '../ir/deploy-plan.js';
import type { PlanPostProcess, SsdPostProcess } from '../ir/detection.js';
import type { Graph, GraphNode, GraphOp, GraphTensor } from '../ir/graph.js';
import type { ImportedMode } from '../numeric/requantize.js';
import { unsupported } from '../support/errors.js';
import {
  lowerConcatenation,
  lowerPad,
  lowerReshape,
  lowerResizeNearest,
  lowerTranspose,
} from './data-movement.js';
import { findEdges, type ModelEdges } from './edges.js';
import { lowerAddSub, lowerMul } from './elementwise.js';
import { type NodeContext, type NodeOf, whereOf } from './node-context.js';
import { PlanBuilder } from './plan-builder.js';
import { lowerLogistic, lowerQuantize, lowerRelu, lowerSoftmax } from './pointwise.js';
import { lowerAveragePool, lowerMaxPool, lowerMean } from './pooling.js';
import { lowerConv2d, lowerDepthwise, lowerFullyConnected } from './weighted.js';

export interface LowerOptions {
  /** How accumulators are scaled back: TFLM's two roundings, one (TFLITE_SINGLE_ROUNDING), or XNNPACK's float32. */
  readonly mode: ImportedMode;
}

/** Scales beyond this (and below its inverse) make no sense, and their products would leave float32. */
const MAX_SCALE = 2 ** 60;

type LowerNode<K extends GraphOp> = (context: NodeContext<NodeOf<K>>) => void;

/** Pointwise operators that only float networks bring; those are quantised in another way. */
type FloatOnlyOp = 'dequantize' | 'hard_swish' | 'hard_sigmoid' | 'leaky_relu' | 'clip';

const LOWER_NODE: { readonly [K in Exclude<GraphOp, FloatOnlyOp>]: LowerNode<K> } = {
  conv2d: lowerConv2d,
  depthwise_conv2d: lowerDepthwise,
  fully_connected: lowerFullyConnected,
  add: lowerAddSub,
  sub: lowerAddSub,
  mul: lowerMul,
  average_pool2d: lowerAveragePool,
  max_pool2d: lowerMaxPool,
  mean: lowerMean,
  pad: lowerPad,
  reshape: lowerReshape,
  transpose: lowerTranspose,
  concatenation: lowerConcatenation,
  softmax: lowerSoftmax,
  logistic: lowerLogistic,
  relu: lowerRelu,
  relu6: lowerRelu,
  quantize: lowerQuantize,
  resize_nearest: lowerResizeNearest,
};

/**
 * Lowers a verified graph of 8-bit activations.
 * Errors: `unsupported` for float graphs and combinations without TFLM semantics, `limit` where an accumulator
 * could overflow; each names the layer.
 */
export function lowerToPlan(graph: Graph, options: LowerOptions): DeployPlan {
  requireBatchOne(graph);
  const edges = findEdges(graph);
  requireQuantized(graph, edges);
  const builder = new PlanBuilder(graph, options.mode);
  const inputs = edges.inputs.map((edge): PlanPort => {
    const tensor = builder.tensorFor(edge.stored, edge.name);
    for (const alias of edge.aliases) builder.alias(alias, tensor);
    return { name: edge.name, tensor, dtype: edge.dtype };
  });
  for (const node of edges.nodes) lowerNode(node, builder, options.mode);
  const outputs = edges.outputs.map(
    (edge): PlanPort => ({
      name: edge.name,
      tensor: builder.tensorFor(edge.stored, edge.name),
      dtype: edge.dtype,
    }),
  );
  const plan = builder.finish(inputs, outputs, planPostProcess(graph.postProcess, builder));
  assertPlan(plan);
  return plan;
}

function planPostProcess(
  postProcess: SsdPostProcess | undefined,
  builder: PlanBuilder,
): PlanPostProcess | undefined {
  if (postProcess === undefined) return undefined;
  return { ...postProcess, anchors: builder.addFloat32(postProcess.anchors) };
}

function lowerNode(node: GraphNode, builder: PlanBuilder, mode: ImportedMode): void {
  if (!Object.hasOwn(LOWER_NODE, node.op))
    throw unsupported('lower/operator', `${node.op} has no integer form inside an imported network`, {
      where: whereOf(builder.graph, node),
      fix: 'Quantise the float model instead.',
    });
  const lower = LOWER_NODE[node.op as keyof typeof LOWER_NODE] as (context: NodeContext) => void;
  lower({ node, builder, mode });
}

/** Inputs of rank 2 and more have a batch dimension. */
function requireBatchOne(graph: Graph): void {
  for (const id of graph.inputs) {
    const { name, shape } = graph.tensors[id]!;
    if (shape.length >= 2 && shape[0] !== 1)
      throw unsupported('lower/batch', `input ${name} has batch size ${shape[0]}`, {
        where: graph.source.file ?? graph.name,
        found: `[${shape.join(', ')}]`,
        fix: 'Export the network with batch size 1.',
      });
  }
}

/** Every activation that a remaining node touches is int8 with one positive scale. */
function requireQuantized(graph: Graph, edges: ModelEdges): void {
  for (const node of edges.nodes) {
    const weighted = node.op === 'conv2d' || node.op === 'depthwise_conv2d' || node.op === 'fully_connected';
    const data = weighted ? node.inputs.slice(0, 1) : node.inputs;
    for (const id of [...data, ...node.outputs]) {
      const problem = quantizationProblem(graph.tensors[id]!);
      if (problem === undefined) continue;
      throw unsupported('lower/not-quantised', `${node.op}: tensor ${graph.tensors[id]!.name} ${problem}`, {
        where: whereOf(graph, node),
        fix: 'Only 8-bit quantised networks can be lowered as they are; quantise the model first.',
      });
    }
  }
}

function quantizationProblem(tensor: GraphTensor): string | undefined {
  if (tensor.dtype !== 'int8') return `is ${tensor.dtype}`;
  const scale = tensor.quantization?.scale;
  if (scale === undefined) return 'has no scale';
  if (scale.length !== 1) return 'has a scale per channel';
  return scale[0]! > 1 / MAX_SCALE && scale[0]! < MAX_SCALE ? undefined : `has scale ${scale[0]}`;
}

/** The report of `inspect`: ports, layers and totals of a plan, or of a graph that cannot be lowered as it is. */
import type { DeployPlan, PlanPort, PlanTensor } from '../ir/deploy-plan.js';
import type { Graph, GraphNode, GraphTensor } from '../ir/graph.js';
import { stepMacs } from '../ops/index.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import { plainStyle, type Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatBytes, formatCount, formatLarge, formatShape } from './units.js';

export interface InspectedPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly scale: number | null;
  readonly zeroPoint: number | null;
}

export interface InspectedLayer {
  readonly name: string;
  readonly op: string;
  readonly outputShape: readonly number[];
  readonly macs: number;
  /** Weights as stored, biases apart. */
  readonly weightBytes: number;
  readonly outputBytes: number;
  /** Of the output; null for float tensors. */
  readonly scale: number | null;
  readonly zeroPoint: number | null;
}

export interface InspectReport {
  readonly model: string;
  readonly format: string;
  readonly requantization: string | null;
  readonly inputs: readonly InspectedPort[];
  readonly outputs: readonly InspectedPort[];
  readonly layers: readonly InspectedLayer[];
  /** Operator → how often. */
  readonly operators: Readonly<Record<string, number>>;
  readonly totals: {
    readonly layers: number;
    readonly macs: number;
    readonly weightBytes: number;
    readonly largestTensorBytes: number;
  };
  /** Why the network cannot be simulated or deployed as it is; empty when it can. */
  readonly unsupported: readonly string[];
}

export function inspectPlan(plan: DeployPlan, format: string): InspectReport {
  const layers = plan.steps.map((step): InspectedLayer => {
    const output = tensorOf(plan, step.output);
    return {
      name: step.name,
      op: step.op,
      outputShape: output.shape,
      macs: stepMacs(step, plan),
      weightBytes: 'weights' in step ? step.weights.length : 0,
      outputBytes: tensorBytes(output),
      scale: output.scale,
      zeroPoint: output.zeroPoint,
    };
  });
  const portOf = (port: PlanPort): InspectedPort => inspectPort(port, tensorOf(plan, port.tensor));
  return {
    model: plan.name,
    format,
    requantization: plan.requantization,
    inputs: plan.inputs.map(portOf),
    outputs: plan.outputs.map(portOf),
    ...summarize(layers, Math.max(0, ...plan.tensors.map(tensorBytes))),
    unsupported: [],
  };
}

function inspectPort(port: PlanPort, tensor: PlanTensor): InspectedPort {
  // Outside values of a uint8 port are the stored ones plus 128.
  const zeroPoint = port.dtype === 'uint8' ? tensor.zeroPoint + 128 : tensor.zeroPoint;
  return { name: port.name, shape: tensor.shape, dtype: port.dtype, scale: tensor.scale, zeroPoint };
}

/** For graphs that `lower` refuses; `reasons` say why. */
export function inspectGraph(graph: Graph, reasons: readonly string[]): InspectReport {
  const tensor = (id: number): GraphTensor => graph.tensors[id]!;
  const portOf = (id: number): InspectedPort => {
    const { name, shape, dtype, quantization } = tensor(id);
    return { name, shape, dtype, ...affineOf(quantization) };
  };
  const layers = graph.nodes.map((node): InspectedLayer => {
    const output = tensor(node.outputs[0]!);
    return {
      name: node.name,
      op: node.op,
      outputShape: output.shape,
      macs: nodeMacs(node, graph),
      weightBytes: node.inputs
        .slice(1)
        .reduce((sum, id) => sum + (graph.tensors[id]?.data?.byteLength ?? 0), 0),
      outputBytes: graphTensorBytes(output),
      ...affineOf(output.quantization),
    };
  });
  return {
    model: graph.name,
    format: graph.source.format,
    requantization: null,
    inputs: graph.inputs.map(portOf),
    outputs: graph.outputs.map(portOf),
    ...summarize(layers, Math.max(0, ...layers.map((layer) => layer.outputBytes))),
    unsupported: reasons,
  };
}

const affineOf = (
  quantization: GraphTensor['quantization'],
): { readonly scale: number | null; readonly zeroPoint: number | null } => ({
  scale: quantization?.scale[0] ?? null,
  zeroPoint: quantization?.zeroPoint[0] ?? null,
});

const ELEMENT_BYTES = { float32: 4, int8: 1, uint8: 1, int16: 2, int32: 4, int64: 8 } as const;
const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const graphTensorBytes = (tensor: GraphTensor): number =>
  elements(tensor.shape) * ELEMENT_BYTES[tensor.dtype];

/** Multiply-accumulates of a node: output elements times the weights that each of them meets. */
function nodeMacs(node: GraphNode, graph: Graph): number {
  const outputs = elements(graph.tensors[node.outputs[0]!]!.shape);
  const weights = graph.tensors[node.inputs[1] ?? -1]?.shape ?? [];
  if (node.op === 'conv2d' || node.op === 'fully_connected') return outputs * elements(weights.slice(1));
  return node.op === 'depthwise_conv2d' ? outputs * weights[1]! * weights[2]! : 0;
}

function summarize(
  layers: readonly InspectedLayer[],
  largestTensorBytes: number,
): Pick<InspectReport, 'layers' | 'operators' | 'totals'> {
  const operators: Record<string, number> = {};
  for (const layer of layers) operators[layer.op] = (operators[layer.op] ?? 0) + 1;
  const total = (of: (layer: InspectedLayer) => number): number => layers.reduce((sum, l) => sum + of(l), 0);
  return {
    layers,
    operators,
    totals: {
      layers: layers.length,
      macs: total((layer) => layer.macs),
      weightBytes: total((layer) => layer.weightBytes),
      largestTensorBytes,
    },
  };
}

export function formatInspect(report: InspectReport, style: Style = plainStyle): string {
  const { totals } = report;
  const mode = report.requantization === null ? '' : `, mode ${report.requantization}`;
  const operators = Object.entries(report.operators).map(([op, count]) => `${count} ${op}`);
  const summary = formatPairs(
    [
      ...report.inputs.map((port): readonly [string, string] => ['input', describePort(port)]),
      ...report.outputs.map((port): readonly [string, string] => ['output', describePort(port)]),
      ['layers', `${totals.layers}: ${operators.join(', ')}`],
      ['MACs', `${formatLarge(totals.macs)} (${formatCount(totals.macs)})`],
      ['weights', formatBytes(totals.weightBytes)],
      ['largest map', formatBytes(totals.largestTensorBytes)],
    ],
    style,
  );
  const verdict =
    report.unsupported.length === 0
      ? `${style('green', 'SUPPORTED')}  every operator can be simulated and deployed`
      : report.unsupported.map((reason) => `${style('red', 'UNSUPPORTED')}  ${reason}`).join('\n');
  const head = `${style('bold', report.model)} ${style('dim', `(${report.format}${mode})`)}`;
  return [`${head}\n${summary}`, formatLayerTable(report, style), verdict].join('\n\n');
}

function describePort(port: InspectedPort): string {
  const affine =
    port.scale === null ? '' : `, real = ${Number(port.scale.toPrecision(6))} · (q − ${port.zeroPoint})`;
  return `${port.name}: ${formatShape(port.shape)} ${port.dtype}${affine.replace('− -', '+ ')}`;
}

function formatLayerTable(report: InspectReport, style: Style): string {
  return formatTable(
    [
      { title: 'layer', align: 'left', maxWidth: 48 },
      { title: 'operator', align: 'left' },
      { title: 'output', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'weights', align: 'right' },
      { title: 'scale', align: 'right' },
      { title: 'zero', align: 'right' },
    ],
    report.layers.map((layer) => [
      layer.name,
      layer.op,
      formatShape(layer.outputShape),
      layer.macs === 0 ? '' : formatCount(layer.macs),
      layer.weightBytes === 0 ? '' : formatBytes(layer.weightBytes),
      layer.scale === null ? '' : String(Number(layer.scale.toPrecision(5))),
      layer.zeroPoint === null ? '' : String(layer.zeroPoint),
    ]),
    style,
  );
}

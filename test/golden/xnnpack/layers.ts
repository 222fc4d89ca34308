/**
 * Layers of a model next to LiteRT.js: every intermediate tensor of the file becomes an output of the
 * interpreter, and each step of the plan runs alone on the interpreter's own inputs.
 */
import { importModel } from '../../../src/import/index.js';
import type { DeployPlan, Step } from '../../../src/ir/deploy-plan.js';
import type { Graph, GraphNode } from '../../../src/ir/graph.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import type { ImportedMode } from '../../../src/numeric/requantize.js';
import type { LoadedNetwork } from '../../../src/simulate/engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { compileLiteRt, exposeTensors, type LiteRtModel } from '../../support/litert.mjs';
import { storedInputs } from '../tflm/models.js';

const wasm = createWasmEngine();

interface Layer {
  readonly step: Step;
  /** Graph tensors that the step reads, in the order of the one-step plan's inputs. */
  readonly inputs: readonly number[];
  readonly output: number;
  readonly network: LoadedNetwork;
}

export interface LayerCount {
  readonly name: string;
  readonly op: Step['op'];
  readonly values: number;
  readonly different: number;
  /** Distinct values of the interpreter's output. */
  readonly distinct: number;
}

export interface Comparison {
  /** One entry per step that was compared. */
  readonly layers: readonly LayerCount[];
  /** Different bytes of all the outputs when the plan runs from the network's own input to its end. */
  readonly differentAtEnd: number;
}

export interface OracleModel {
  readonly graph: Graph;
  readonly plan: DeployPlan;
  /** Runs `inputs` (raw bytes in the file's own element types) in both. */
  compare(inputs: readonly Uint8Array[]): Promise<Comparison>;
  delete(): void;
}

export async function openOracle(bytes: Uint8Array, name: string, mode: ImportedMode): Promise<OracleModel> {
  const graph = importModel(bytes, name);
  const plan = lowerToPlan(graph, { mode });
  const layers = plan.steps.flatMap((step) => makeLayer(graph, plan, step));
  const tensors = [...new Set(graph.nodes.flatMap((node) => node.outputs))];
  const whole = wasm.load(plan) as LoadedNetwork;
  const model = await compileLiteRt(exposeTensors(bytes, tensors));
  return {
    graph,
    plan,
    compare: (inputs) => compareLayers({ graph, plan, layers, tensors, model, whole }, inputs),
    delete: () => model.delete(),
  };
}

/** The step as a plan of its own; none where the plan splits or adds a node. */
function makeLayer(graph: Graph, plan: DeployPlan, step: Step): Layer[] {
  const node = graph.nodes.find((candidate) => candidate.name === step.name);
  if (node === undefined) return [];
  const inputs = dataInputs(graph, node);
  const stored = [...inputs, node.outputs[0]!].every((id) => graph.tensors[id]!.dtype === 'int8');
  if (inputs.length !== step.inputs.length || !stored) return [];
  const port = (tensor: number) => ({ name: `t${tensor}`, tensor, dtype: 'int8' as const });
  const distinct = [...new Set(step.inputs)];
  const alone: DeployPlan = {
    ...plan,
    steps: [step],
    inputs: distinct.map(port),
    outputs: [port(step.output)],
  };
  const read = distinct.map((tensor) => inputs[step.inputs.indexOf(tensor)]!);
  return [{ step, inputs: read, output: node.outputs[0]!, network: wasm.load(alone) as LoadedNetwork }];
}

const dataInputs = (graph: Graph, node: GraphNode): number[] =>
  node.inputs.filter((id) => id >= 0 && graph.tensors[id]!.data === undefined);

interface Opened {
  readonly graph: Graph;
  readonly plan: DeployPlan;
  readonly layers: readonly Layer[];
  readonly tensors: readonly number[];
  readonly model: LiteRtModel;
  readonly whole: LoadedNetwork;
}

const countDifferent = (a: Uint8Array, b: Uint8Array): number =>
  a.length === b.length ? a.reduce((sum, x, i) => sum + (x === b[i] ? 0 : 1), 0) : b.length;

async function compareLayers(opened: Opened, inputs: readonly Uint8Array[]): Promise<Comparison> {
  const { graph, plan, tensors } = opened;
  const outputs = await opened.model.run(inputs);
  const raw = new Map(tensors.map((id, i) => [id, outputs[i]!]));
  graph.inputs.forEach((id, i) => {
    raw.set(id, inputs[i]!);
  });
  const stored = (id: number): Uint8Array =>
    graph.tensors[id]!.wasUint8 === true ? raw.get(id)!.map((x) => x ^ 0x80) : raw.get(id)!;
  const layers = opened.layers.map(({ step, inputs: read, output, network }) => {
    const [actual] = network.run(read.map(stored));
    const expected = stored(output);
    const different = countDifferent(actual!, expected);
    const distinct = new Set(expected).size;
    return { name: step.name, op: step.op, values: expected.length, different, distinct };
  });
  const ends = opened.whole.run(storedInputs(plan, inputs)).map((bytes, i) => {
    const port = plan.outputs[i]!;
    const isFloat = port.dtype === 'float32';
    const node = graph.nodes.find(({ outputs: ids }) => ids[0] === graph.outputs[i])!;
    return countDifferent(bytes, stored(isFloat ? node.inputs[0]! : graph.outputs[i]!));
  });
  return { layers, differentAtEnd: ends.reduce((a, b) => a + b, 0) };
}

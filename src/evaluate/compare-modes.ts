/**
 * Two requantisation modes of one network on the same samples: per layer, how many values differ when both modes get
 * the first one's inputs (the layer's own rounding), and how many when each runs from the network's input on.
 */
import type { DeployPlan, Step } from '../ir/deploy-plan.js';
import type { RequantMode } from '../numeric/requantize.js';
import { elementCount, tensorOf, unpackActivation } from '../ops/plan-access.js';
import { rankOf } from '../report/simulate-report.js';
import type { LoadedNetwork, SimulationEngine } from '../simulate/engine.js';
import { badInput, unsupported } from '../support/errors.js';

export interface ModeSample {
  /** Stored bytes per network input. */
  readonly inputs: readonly Uint8Array[];
  /** Class of the network, where known. */
  readonly label?: number;
}

export interface DifferenceCount {
  /** Values that differ, over all samples. */
  readonly count: number;
  /** Largest difference of stored values. */
  readonly max: number;
}

export interface LayerComparison {
  readonly name: string;
  readonly op: Step['op'];
  /** Values of the layer's map over all samples. */
  readonly values: number;
  /** With the first mode's inputs in both. */
  readonly own: DifferenceCount;
  /** Each mode from the network's input on. */
  readonly accumulated: DifferenceCount;
}

export interface ModeComparison {
  readonly modes: readonly [RequantMode, RequantMode];
  readonly n: number;
  /** In order of execution. */
  readonly layers: readonly LayerComparison[];
  /** Index of the first layer whose map differs. */
  readonly first: number | undefined;
  /** Samples whose outputs are the same bytes. */
  readonly equalOutputs: number;
  /** Samples with the same best class; undefined for networks of several outputs. */
  readonly sameClass: number | undefined;
  /** Samples whose best class is right in each mode; undefined without labels. */
  readonly right: readonly [number, number] | undefined;
}

export interface CompareModesOptions {
  readonly engine: SimulationEngine;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Both plans are lowered from one model. Errors: `input` without samples, `unsupported` when the plans do not match. */
export async function compareModes(
  first: DeployPlan,
  second: DeployPlan,
  samples: AsyncIterable<ModeSample> | Iterable<ModeSample>,
  options: CompareModesOptions & { readonly total: number },
): Promise<ModeComparison> {
  requireSameSteps(first, second);
  const state = await openComparison(first, second, options.engine);
  for await (const sample of samples) {
    if (options.signal?.aborted === true) break;
    addSample(state, sample);
    options.onProgress?.(state.n, options.total);
  }
  if (state.n === 0) throw badInput('compare/no-samples', 'there are no samples', { where: first.name });
  const layers = state.layers.map(({ own, accumulated, step, elements }): LayerComparison => {
    const values = elements * state.n;
    return { name: step.name, op: step.op, values, own: { ...own }, accumulated: { ...accumulated } };
  });
  const differing = layers.findIndex(({ accumulated }) => accumulated.count > 0);
  const isClassifier = first.outputs.length === 1;
  return {
    modes: [first.requantization, second.requantization],
    n: state.n,
    layers,
    first: differing < 0 ? undefined : differing,
    equalOutputs: state.equalOutputs,
    sameClass: isClassifier ? state.sameClass : undefined,
    right: isClassifier && state.labelled === state.n ? [state.right[0], state.right[1]] : undefined,
  };
}

interface MutableCount {
  count: number;
  max: number;
}

interface LayerState {
  readonly step: Step;
  readonly elements: number;
  /** The second mode's step as a network of its own. */
  readonly alone: LoadedNetwork;
  readonly own: MutableCount;
  readonly accumulated: MutableCount;
}

interface ComparisonState {
  readonly plan: DeployPlan;
  readonly networks: readonly [LoadedNetwork, LoadedNetwork];
  readonly layers: readonly LayerState[];
  n: number;
  equalOutputs: number;
  sameClass: number;
  labelled: number;
  readonly right: [number, number];
}

async function openComparison(
  first: DeployPlan,
  second: DeployPlan,
  engine: SimulationEngine,
): Promise<ComparisonState> {
  const layers = second.steps.map(async (step): Promise<LayerState> => {
    const alone = await engine.load(oneStepPlan(second, step));
    const elements = elementCount(tensorOf(second, step.output));
    return { step, elements, alone, own: { count: 0, max: 0 }, accumulated: { count: 0, max: 0 } };
  });
  return {
    plan: first,
    networks: [await engine.load(first), await engine.load(second)],
    layers: await Promise.all(layers),
    n: 0,
    equalOutputs: 0,
    sameClass: 0,
    labelled: 0,
    right: [0, 0],
  };
}

function oneStepPlan(plan: DeployPlan, step: Step): DeployPlan {
  const port = (tensor: number) => ({ name: `t${tensor}`, tensor, dtype: 'int8' as const });
  return {
    ...plan,
    steps: [step],
    inputs: [...new Set(step.inputs)].map(port),
    outputs: [port(step.output)],
  };
}

function addSample(state: ComparisonState, { inputs, label }: ModeSample): void {
  const [first, second] = state.networks;
  const maps = new Map(state.plan.inputs.map((port, i) => [port.tensor, inputs[i]!]));
  const outputs = first.run(inputs, (_step, tensor, bytes) => {
    maps.set(tensor, bytes);
  });
  const others = second.run(inputs, (index, tensor, bytes) => {
    countDifferences(state, index, maps.get(tensor)!, bytes, 'accumulated');
  });
  state.layers.forEach(({ step, alone }, index) => {
    const read = [...new Set(step.inputs)].map((id) => maps.get(id)!);
    countDifferences(state, index, maps.get(step.output)!, alone.run(read)[0]!, 'own');
  });
  state.n++;
  if (outputs.every((bytes, i) => sameBytes(bytes, others[i]!))) state.equalOutputs++;
  const scores = [outputs, others].map(([bytes]) => storedValues(state.plan, bytes!));
  if (bestOf(scores[0]!) === bestOf(scores[1]!)) state.sameClass++;
  if (label === undefined) return;
  state.labelled++;
  scores.forEach((values, i) => {
    if (rankOf(values, label) === 0) state.right[i as 0 | 1]++;
  });
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

const storedValues = (plan: DeployPlan, bytes: Uint8Array): Int32Array =>
  unpackActivation(tensorOf(plan, plan.outputs[0]!.tensor), bytes);

function bestOf(scores: Int32Array): number {
  return scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
}

function countDifferences(
  { plan, layers }: ComparisonState,
  index: number,
  a: Uint8Array,
  b: Uint8Array,
  kind: 'own' | 'accumulated',
): void {
  if (sameBytes(a, b)) return;
  const layer = layers[index]!;
  const tensor = tensorOf(plan, layer.step.output);
  const [first, second] = [unpackActivation(tensor, a), unpackActivation(tensor, b)];
  const counter = layer[kind];
  for (let i = 0; i < first.length; i++) {
    const difference = Math.abs(first[i]! - second[i]!);
    if (difference === 0) continue;
    counter.count++;
    counter.max = Math.max(counter.max, difference);
  }
}

function requireSameSteps(first: DeployPlan, second: DeployPlan): void {
  const same =
    first.steps.length === second.steps.length &&
    first.steps.every((step, i) => step.name === second.steps[i]!.name);
  if (same) return;
  throw unsupported('compare/plans', 'the two plans do not have the same layers', { where: first.name });
}

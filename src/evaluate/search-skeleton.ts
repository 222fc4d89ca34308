/**
 * The network's plan at every width, whole or with a stage: what memory and computation depend on. Built once; the
 * search then only chooses widths. Tensors and steps are named by their number, so that whatever patches or line
 * buffers make of them can be traced back.
 */
import { measuredCosts } from '../bind/measure.js';
import type { BlobRef, DeployPlan, InputMode, PlanTensor, Step } from '../ir/deploy-plan.js';
import { type FloatNetwork, isWeighted } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { stepMacs } from '../ops/index.js';
import {
  type PlannedStages,
  type PlanRequest,
  planPatches,
  type StagePlan,
  StagePlanner,
} from '../patch/plan-patches.js';
import type { StoredMap } from '../quantize/activation-grids.js';
import { emitPlans } from '../quantize/emit-plan.js';
import type { QuantizedWeights } from '../quantize/quantize-layer.js';
import { invariant, QuantmcuError } from '../support/errors.js';

/** How the first layers run. */
export type StageChoice =
  | { readonly kind: 'layers' }
  | {
      readonly kind: 'patches';
      readonly stageLayers: number;
      readonly grid: readonly [number, number];
      readonly input: InputMode;
    }
  | {
      readonly kind: 'streaming';
      readonly stageLayers: number;
      readonly rowsPerStep: number;
      readonly input: InputMode;
    };

export type StageKind = StageChoice['kind'];

export function stageChoiceOf({ kind, stageLayers, grid, rowsPerStep, input }: StagePlan): StageChoice {
  if (kind === 'layers') return { kind };
  return kind === 'patches' ? { kind, stageLayers, grid, input } : { kind, stageLayers, rowsPerStep, input };
}

/** The request that gives exactly this stage again. */
export function stageRequest(choice: StageChoice): PlanRequest {
  const { kind, ...rest } = choice;
  return { kinds: [kind], ...rest };
}

/** The plan of `network` with its maps and weights stored so; tensors and steps are named by their numbers. */
export function numberedPlan(
  network: FloatNetwork,
  stored: readonly StoredMap[],
  weights: readonly (QuantizedWeights | undefined)[],
): DeployPlan {
  const numbered: FloatNetwork = {
    ...network,
    tensors: network.tensors.map((tensor) => ({ ...tensor, name: String(tensor.id) })),
    layers: network.layers.map((layer, i) => ({ ...layer, name: String(i) })),
  };
  return emitPlans(numbered, stored, weights)[0]!;
}

/** An 8-bit plan with weights of zero: geometry and MACs, where weights do not matter. */
export const skeletonPlan = (network: FloatNetwork, stored: readonly StoredMap[]): DeployPlan =>
  numberedPlan(
    network,
    stored,
    network.layers.map((layer): QuantizedWeights | undefined =>
      isWeighted(layer)
        ? {
            bits: 8,
            q: new Int8Array(layer.weights.length),
            scales: new Float64Array(layer.bias.length).fill(2 ** -7),
            bias: new Float64Array(layer.bias.length),
          }
        : undefined,
    ),
  );

/** What depends on widths in a plan, at every width: kernels are chosen by weights and zero points as well. */
export interface Skeleton {
  /** Everything at 8 bits. */
  readonly plan: DeployPlan;
  readonly tensorAt: (id: number, bits: Width) => PlanTensor;
  /** The step of a layer when its input and its weights have these widths. */
  readonly stepAt: (layer: number, inputBits: Width, weightBits: Width) => Step;
}

/** One plan per pair of widths; all their constants stand in one blob. */
export function buildSkeleton(
  network: FloatNetwork,
  storedAt: ReadonlyMap<Width, readonly StoredMap[]>,
  weightsAt: ReadonlyMap<Width, readonly (QuantizedWeights | undefined)[]>,
): Skeleton {
  const plans = new Map<string, DeployPlan>();
  const blobs: Uint8Array[] = [];
  let offset = 0;
  for (const [a, stored] of storedAt)
    for (const [w, weights] of weightsAt) {
      const plan = numberedPlan(network, stored, weights);
      plans.set(`${a}/${w}`, { ...plan, steps: plan.steps.map((step) => moveConstants(step, offset)) });
      blobs.push(plan.weights);
      offset += plan.weights.length;
    }
  const weights = new Uint8Array(offset);
  blobs.reduce((at, blob) => {
    weights.set(blob, at);
    return at + blob.length;
  }, 0);
  return {
    plan: { ...plans.get('8/8')!, weights },
    tensorAt: (id, bits) => plans.get(`${bits}/8`)!.tensors[id]!,
    stepAt: (layer, a, w) => plans.get(`${a}/${w}`)!.steps[layer]!,
  };
}

function moveConstants(step: Step, by: number): Step {
  if (!('weights' in step)) return step;
  const moved = ({ offset, length }: BlobRef): BlobRef => ({ offset: offset + by, length });
  const { weights, bias, multiplier, shift } = step;
  return {
    ...step,
    weights: moved(weights),
    bias: moved(bias),
    multiplier: moved(multiplier),
    shift: moved(shift),
  };
}

/** Widths of a network's tensors and weighted layers by their numbers. */
export interface NetworkWidths {
  readonly tensor: (id: number) => Width;
  readonly weights: (layer: number) => Width;
}

/** By step of a numbered plan its layer; −1 for steps that move rows. */
export const stepLayers = (plan: DeployPlan): number[] =>
  plan.steps.map(({ op, name }) => (op === 'crop' ? -1 : Number.parseInt(name, 10)));

/** A skeleton with a stage, ready to be given widths. */
export class StagedSkeleton {
  private readonly tensorOf: readonly number[];
  /** −1 for steps that move rows. */
  readonly layerOf: readonly number[];

  /**
   * @param plan the skeleton's plan with a stage
   * @param kept tensors of `plan` that stay at 8 bits whatever width their map has
   */
  constructor(
    private readonly skeleton: Skeleton,
    readonly plan: DeployPlan,
    private readonly kept: ReadonlySet<number> = new Set(),
  ) {
    this.tensorOf = plan.tensors.map(({ name }) => Number.parseInt(name, 10));
    this.layerOf = stepLayers(plan);
  }

  /** With those `maps` of the network kept at 8 bits that these branches of a patch stage compute. */
  keeping(branches: ReadonlySet<number>, maps: ReadonlySet<number>): StagedSkeleton {
    const { patchStage: stage, steps } = this.plan;
    invariant(stage?.kind === 'patches', 'search/classes', 'only branches of patches have classes');
    const { firstStep, stepsPerBranch } = stage;
    const kept = [...branches].flatMap((branch) => {
      const from = firstStep + branch * stepsPerBranch;
      return steps.slice(from, from + stepsPerBranch).map(({ output }) => output);
    });
    const own = kept.filter((id) => maps.has(this.tensorOf[id]!));
    return new StagedSkeleton(this.skeleton, this.plan, new Set(own));
  }

  private rootOf(tensor: number): number {
    return this.plan.tensors[tensor]!.view?.of ?? tensor;
  }

  /** Whether what a step reads (first, where it reads several maps) is kept at 8 bits. */
  readsKept(step: number): boolean {
    return this.kept.has(this.rootOf(this.plan.steps[step]!.inputs[0]!));
  }

  /** MACs per layer of the network, halos included; of the steps that are asked for. */
  layerMacs(layers: number, counts: (step: number) => boolean = () => true): number[] {
    const macs = Array.from({ length: layers }, () => 0);
    this.plan.steps.forEach((step, i) => {
      const layer = this.layerOf[i]!;
      if (layer >= 0 && counts(i)) macs[layer] = macs[layer]! + stepMacs(step, this.plan);
    });
    return macs;
  }

  withWidths({ tensor, weights }: NetworkWidths): DeployPlan {
    const { plan, skeleton } = this;
    const tensors = plan.tensors.map((own, i) => {
      const root = this.rootOf(i);
      const id = this.tensorOf[root]!;
      const { bits, scale, zeroPoint } = skeleton.tensorAt(id, this.kept.has(root) ? 8 : tensor(id));
      return { ...own, bits, scale, zeroPoint };
    });
    const steps = plan.steps.map((step, i): Step => {
      if (!('weights' in step)) return step;
      const layer = this.layerOf[i]!;
      const own = skeleton.stepAt(layer, tensors[step.inputs[0]!]!.bits, weights(layer));
      if (!('weights' in own)) return step;
      const { weights: blob, weightBits, bias, multiplier, shift } = own;
      return { ...step, weights: blob, weightBits, bias, multiplier, shift };
    });
    return { ...plan, tensors, steps };
  }

  /** Tensors of the network that are live at the step where memory peaks, without what is kept at 8 bits. */
  peakTensors(plan: DeployPlan): ReadonlySet<number> {
    const live = measuredCosts.liveBytes(plan);
    const step = live.indexOf(Math.max(...live));
    const at = plan.steps[step]!;
    const roots = new Set([...at.inputs, at.output].map((id) => this.rootOf(id)));
    for (const id of heldOver(plan, step)) roots.add(id);
    return new Set([...roots].flatMap((id) => (this.kept.has(id) ? [] : [this.tensorOf[id]!])));
  }
}

/** Tensors written before a step and read after it. */
function heldOver(plan: DeployPlan, step: number): number[] {
  const root = (id: number): number => plan.tensors[id]!.view?.of ?? id;
  const written = new Set([
    ...plan.inputs.map((p) => p.tensor),
    ...plan.steps.slice(0, step).map((s) => root(s.output)),
  ]);
  const read = new Set([
    ...plan.outputs.map((p) => p.tensor),
    ...plan.steps.slice(step + 1).flatMap((s) => s.inputs.map(root)),
  ]);
  return [...written].filter((id) => read.has(id));
}

export interface ChosenStage {
  readonly choice: StageChoice;
  readonly skeleton: StagedSkeleton;
  /** All maps at 8 bits. */
  readonly arenaBytes: number;
  readonly fits: boolean;
}

/**
 * The cheapest stage of a kind that fits at 8 bits, or else the smallest; undefined where there is none.
 * @param suits of the number of its layers; all do when left out
 */
export function chooseStage(
  skeleton: Skeleton,
  kind: StageKind,
  budgetBytes: number,
  suits: (stageLayers: number) => boolean = () => true,
): ChosenStage | undefined {
  const { plan } = skeleton;
  if (kind === 'layers') {
    const { arenaBytes } = measuredCosts.memory(plan);
    return {
      choice: { kind },
      skeleton: new StagedSkeleton(skeleton, plan),
      arenaBytes,
      fits: arenaBytes <= budgetBytes,
    };
  }
  const found = planned(new StagePlanner(plan, measuredCosts, { kinds: [kind] }), budgetBytes, suits);
  if (found === undefined) return undefined;
  return {
    choice: stageChoiceOf(found.chosen),
    skeleton: new StagedSkeleton(skeleton, found.plan),
    arenaBytes: found.chosen.arenaBytes,
    fits: found.fits,
  };
}

function planned(
  planner: StagePlanner,
  budgetBytes: number,
  suits: (stageLayers: number) => boolean,
): Omit<PlannedStages, 'plans'> | undefined {
  try {
    const { plans, ...found } = planner.choose(budgetBytes);
    if (suits(found.chosen.stageLayers)) return found;
    const suiting = plans.filter(({ stageLayers }) => suits(stageLayers));
    const fitting = suiting.filter(({ arenaBytes }) => arenaBytes <= budgetBytes);
    const [chosen] = fitting.length > 0 ? fitting.sort((a, b) => a.totalMacs - b.totalMacs) : suiting;
    return chosen && { chosen, fits: fitting.length > 0, plan: planner.planOf(chosen) };
  } catch (error) {
    if (error instanceof QuantmcuError && error.code === 'patch/plan') return undefined;
    throw error;
  }
}

/** The plan with that very stage. */
export function expandStage(plan: DeployPlan, choice: StageChoice): DeployPlan {
  return choice.kind === 'layers' ? plan : planPatches(plan, measuredCosts, stageRequest(choice)).plan;
}

/**
 * The network's plan without its values, whole or with a stage: what memory and computation depend on. Built once;
 * the search then only changes widths. Tensors and steps are named by their number, so that whatever patches or line
 * buffers make of them can be traced back.
 */
import { measuredCosts } from '../bind/measure.js';
import type { DeployPlan, InputMode } from '../ir/deploy-plan.js';
import { type FloatNetwork, isWeighted } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { stepMacs } from '../ops/index.js';
import { type PlannedStages, type PlanRequest, type StagePlan, StagePlanner } from '../patch/plan-patches.js';
import type { StoredMap } from '../quantize/activation-grids.js';
import { emitPlans } from '../quantize/emit-plan.js';
import type { QuantizedWeights } from '../quantize/quantize-layer.js';
import { QuantmcuError } from '../support/errors.js';

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

/** The plan of `network` with its maps stored so, and with weights of zero. */
export function skeletonPlan(network: FloatNetwork, stored: readonly StoredMap[]): DeployPlan {
  const numbered: FloatNetwork = {
    ...network,
    tensors: network.tensors.map((tensor) => ({ ...tensor, name: String(tensor.id) })),
    layers: network.layers.map((layer, i) => ({ ...layer, name: String(i) })),
  };
  const weights = network.layers.map((layer): QuantizedWeights | undefined =>
    isWeighted(layer)
      ? {
          bits: 8,
          q: new Int8Array(layer.weights.length),
          scales: new Float64Array(layer.bias.length).fill(2 ** -7),
          bias: new Float64Array(layer.bias.length),
        }
      : undefined,
  );
  return emitPlans(numbered, stored, weights)[0]!;
}

/** Widths of a network's tensors and weighted layers by their numbers. */
export interface NetworkWidths {
  readonly tensor: (id: number) => Width;
  readonly weights: (layer: number) => Width;
}

/** A skeleton with a stage, ready to be given widths. */
export class StagedSkeleton {
  private readonly tensorOf: readonly number[];
  /** −1 for steps that move rows. */
  readonly layerOf: readonly number[];

  constructor(readonly plan: DeployPlan) {
    this.tensorOf = plan.tensors.map(({ name }) => Number.parseInt(name, 10));
    this.layerOf = plan.steps.map(({ op, name }) => (op === 'crop' ? -1 : Number.parseInt(name, 10)));
  }

  /** MACs per layer of the network, halos included. */
  layerMacs(layers: number): number[] {
    const macs = Array.from({ length: layers }, () => 0);
    this.plan.steps.forEach((step, i) => {
      const layer = this.layerOf[i]!;
      if (layer >= 0) macs[layer] = macs[layer]! + stepMacs(step, this.plan);
    });
    return macs;
  }

  withWidths({ tensor, weights }: NetworkWidths): DeployPlan {
    const { plan } = this;
    return {
      ...plan,
      tensors: plan.tensors.map((own, i) => {
        const id = own.view === undefined ? i : own.view.of;
        return { ...own, bits: tensor(this.tensorOf[id]!) };
      }),
      steps: plan.steps.map((step, i) =>
        'weightBits' in step ? { ...step, weightBits: weights(this.layerOf[i]!) } : step,
      ),
    };
  }

  /** Tensors of the network that are live at the step where memory peaks. */
  peakTensors(plan: DeployPlan): ReadonlySet<number> {
    const live = measuredCosts.liveBytes(plan);
    const step = live.indexOf(Math.max(...live));
    const at = plan.steps[step]!;
    const roots = new Set([...at.inputs, at.output].map((id) => plan.tensors[id]!.view?.of ?? id));
    for (const id of heldOver(plan, step)) roots.add(id);
    return new Set([...roots].map((id) => this.tensorOf[id]!));
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

/** The cheapest stage of a kind that fits at 8 bits, or else the smallest; undefined where there is none. */
export function chooseStage(plan: DeployPlan, kind: StageKind, budgetBytes: number): ChosenStage | undefined {
  if (kind === 'layers') {
    const { arenaBytes } = measuredCosts.memory(plan);
    return {
      choice: { kind },
      skeleton: new StagedSkeleton(plan),
      arenaBytes,
      fits: arenaBytes <= budgetBytes,
    };
  }
  const found = planned(new StagePlanner(plan, measuredCosts, { kinds: [kind] }), budgetBytes);
  if (found === undefined) return undefined;
  return {
    choice: stageChoiceOf(found.chosen),
    skeleton: new StagedSkeleton(found.plan),
    arenaBytes: found.chosen.arenaBytes,
    fits: found.fits,
  };
}

function planned(planner: StagePlanner, budgetBytes: number): PlannedStages | undefined {
  try {
    return planner.choose(budgetBytes);
  } catch (error) {
    if (error instanceof QuantmcuError && error.code === 'patch/plan') return undefined;
    throw error;
  }
}

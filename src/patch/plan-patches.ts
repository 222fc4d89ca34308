/**
 * Plans the patch stage: measures what is worth measuring, and chooses the cheapest that fits.
 *
 * Cost is computation first: MACs or BitOPs of the whole network, halos included. Of equally dear plans one that keeps the
 * input resident goes before one that needs a callback, whole layers before patches before line buffers, fewer
 * pieces before more.
 */
import type { CostModel, MemoryCost } from '../ir/costs.js';
import type { DeployPlan, InputMode } from '../ir/deploy-plan.js';
import { stepBitOps, stepMacs } from '../ops/index.js';
import { badInput } from '../support/errors.js';
import type { StepCost } from './branches.js';
import {
  expandCandidate,
  type PatchCandidate,
  paretoPatches,
  patchCandidates,
  type StageCandidate,
  type StageRequest,
  streamingCandidates,
  usefulCuts,
} from './candidates.js';

/** A plan with its figures; `layers` is the network as it stands. */
export interface StagePlan extends MemoryCost {
  readonly kind: 'layers' | 'patches' | 'streaming';
  readonly input: InputMode;
  readonly stageLayers: number;
  /** Patches: [rows, columns]. */
  readonly grid: readonly [number, number];
  /** Streaming: rows that a step computes at most. */
  readonly rowsPerStep: number;
  /** Largest input patch without clipping, as the literature counts it; 0 without patches. */
  readonly patchHeight: number;
  readonly patchWidth: number;
  /** MACs of the stage as computed, and as the literature counts them: halos as if the image went on. */
  readonly stageMacs: number;
  readonly stageMacsUnclipped: number;
  /** MACs of the same layers run whole. */
  readonly stageMacsWhole: number;
  readonly totalMacs: number;
  /** MACs × bits of the input × bits of the weights. */
  readonly totalBitOps: number;
  /** Layer that sets the peak. */
  readonly peakLayer: string;
}

/** What is to be small. */
export type PlanCost = 'macs' | 'bitops';

export interface PlanRequest extends StageRequest {
  /** Default: MACs. */
  readonly cost?: PlanCost;
  /** Which kinds to try; all when left out. */
  readonly kinds?: readonly StagePlan['kind'][];
  /** Bytes that the arena may take. */
  readonly budgetBytes?: number;
}

export interface PlannedStages {
  /** By arena, then computation. */
  readonly plans: readonly StagePlan[];
  /** Cheapest within the budget; the smallest arena when none fits; the cheapest without a budget. */
  readonly chosen: StagePlan;
  readonly fits: boolean;
  readonly plan: DeployPlan;
}

/** Candidates measured beyond the frontier in search of a cheaper one that fits. */
const BUDGET_TRIES = 24;
/** Square grids that are always measured: what people ask for. */
const USUAL_GRIDS = [2, 3, 4];

/** Throws `patch/plan` when the network cannot be cut, or a stated cut or grid does not exist. */
export const planPatches = (plan: DeployPlan, costs: CostModel, request: PlanRequest): PlannedStages =>
  new StagePlanner(plan, costs, request).choose(request.budgetBytes);

/** Plans of one network, measured once, for as many budgets as are asked for. */
export class StagePlanner {
  private listed: ReturnType<StagePlanner['candidates']> | undefined;
  private readonly measured = new Map<StageCandidate, StagePlan>();
  /** MACs of the network run whole. */
  readonly wholeMacs: number;
  private readonly byCost: (a: StagePlan, b: StagePlan) => number;
  private readonly candidateOf = new Map<StagePlan, StageCandidate>();

  constructor(
    private readonly plan: DeployPlan,
    private readonly costs: CostModel,
    private readonly request: Omit<PlanRequest, 'budgetBytes'>,
  ) {
    this.wholeMacs = total(plan, stepMacs);
    this.byCost = costOrder(request.cost ?? 'macs');
  }

  choose(budgetBytes = Number.POSITIVE_INFINITY): PlannedStages {
    this.listed ??= this.candidates();
    const { layers, patches, usual, streaming } = this.listed;
    const found = [
      ...layers,
      ...[...paretoPatches(patches), ...usual, ...streaming].map((candidate) => this.measure(candidate)),
      ...this.withinBudget(patches, budgetBytes),
    ];
    const plans = [...new Set(found)].sort((a, b) => a.arenaBytes - b.arenaBytes || this.byCost(a, b));
    const [smallest] = plans;
    if (smallest === undefined)
      throw badInput('patch/plan', 'the network has no such patch stage', {
        where: this.plan.name,
        fix: 'quantmcu plan without --stage, --grid and --kind shows what there is.',
      });
    const fitting = plans.filter((candidate) => candidate.arenaBytes <= budgetBytes).sort(this.byCost);
    const chosen = fitting[0] ?? smallest;
    return {
      plans,
      chosen,
      fits: fitting.length > 0,
      plan: this.planOf(chosen),
    };
  }

  /** The network as one of the plans runs it. */
  planOf(planned: StagePlan): DeployPlan {
    const candidate = this.candidateOf.get(planned);
    return candidate === undefined ? this.plan : expandCandidate(this.plan, candidate);
  }

  private isAsked(kind: StagePlan['kind']): boolean {
    const { kinds, stageLayers, grid, rowsPerStep } = this.request;
    if (kinds !== undefined) return kinds.includes(kind);
    if (kind === 'patches') return rowsPerStep === undefined || grid !== undefined;
    if (kind === 'streaming') return grid === undefined || rowsPerStep !== undefined;
    return stageLayers === undefined && grid === undefined && rowsPerStep === undefined;
  }

  private candidates() {
    const { plan, costs, request } = this;
    const layers = this.isAsked('layers') ? [this.layers()] : [];
    const cuts = usefulCuts(plan, costs.liveBytes(plan), request);
    const patches = this.isAsked('patches')
      ? patchCandidates(plan, cuts, request, STEP_COSTS[request.cost ?? 'macs'])
      : [];
    const usual = patches.filter(
      ({ rows, columns, input }) =>
        rows === columns && USUAL_GRIDS.includes(rows) && input === (request.input ?? 'streamed'),
    );
    const boundOf = (expanded: DeployPlan): number => Math.max(...costs.liveBytes(expanded));
    const streaming = this.isAsked('streaming') ? streamingCandidates(plan, cuts, request, boundOf) : [];
    return { layers, patches, usual, streaming };
  }

  /** The cheapest patches that fit, where the frontier's bounds promised too much. */
  private withinBudget(patches: readonly PatchCandidate[], budgetBytes: number): StagePlan[] {
    if (budgetBytes === Number.POSITIVE_INFINITY) return [];
    const promising = patches
      .filter(({ boundBytes }) => boundBytes <= budgetBytes)
      .sort((a, b) => a.redundant - b.redundant || a.rows * a.columns - b.rows * b.columns);
    const tried: StagePlan[] = [];
    for (const candidate of promising.slice(0, BUDGET_TRIES)) {
      const measured = this.measure(candidate);
      tried.push(measured);
      if (measured.arenaBytes <= budgetBytes) break;
    }
    return tried;
  }

  private layers(): StagePlan {
    return {
      kind: 'layers',
      input: 'resident',
      stageLayers: 0,
      grid: [1, 1],
      rowsPerStep: 0,
      patchHeight: 0,
      patchWidth: 0,
      stageMacs: 0,
      stageMacsUnclipped: 0,
      stageMacsWhole: 0,
      totalMacs: this.wholeMacs,
      totalBitOps: total(this.plan, stepBitOps),
      ...this.memory(this.plan),
    };
  }

  private memory(plan: DeployPlan): MemoryCost & { readonly peakLayer: string } {
    const cost = this.costs.memory(plan);
    return { ...cost, peakLayer: plan.steps[cost.peakStep]!.name };
  }

  private measure(candidate: StageCandidate): StagePlan {
    const known = this.measured.get(candidate);
    if (known !== undefined) return known;
    const expanded = expandCandidate(this.plan, candidate);
    const stage = this.plan.steps.slice(0, candidate.cut.steps);
    const whole = stage.reduce((sum, step) => sum + stepMacs(step, this.plan), 0);
    const totalMacs = total(expanded, stepMacs);
    const stageMacs = totalMacs - (this.wholeMacs - whole);
    const patches = candidate.kind === 'patches' ? candidate : undefined;
    const result: StagePlan = {
      kind: candidate.kind,
      input: candidate.input,
      stageLayers: candidate.cut.steps,
      grid: patches === undefined ? [1, 1] : [patches.rows, patches.columns],
      rowsPerStep: candidate.kind === 'streaming' ? candidate.rowsPerStep : 0,
      patchHeight: patches?.macs.patch[0] ?? 0,
      patchWidth: patches?.macs.patch[1] ?? 0,
      stageMacs,
      stageMacsUnclipped: patches?.macs.unclipped ?? stageMacs,
      stageMacsWhole: whole,
      totalMacs,
      totalBitOps: total(expanded, stepBitOps),
      ...this.memory(expanded),
    };
    this.measured.set(candidate, result);
    this.candidateOf.set(result, candidate);
    return result;
  }
}

const STEP_COSTS = { macs: stepMacs, bitops: stepBitOps } as const satisfies Record<PlanCost, StepCost>;
const TOTALS = { macs: 'totalMacs', bitops: 'totalBitOps' } as const satisfies Record<
  PlanCost,
  keyof StagePlan
>;

const total = (plan: DeployPlan, cost: StepCost): number =>
  plan.steps.reduce((sum, step) => sum + cost(step, plan), 0);

const KIND_ORDER: readonly StagePlan['kind'][] = ['layers', 'patches', 'streaming'];

/** Cheapest first. */
function costOrder(cost: PlanCost): (a: StagePlan, b: StagePlan) => number {
  const pieces = (plan: StagePlan): number => plan.grid[0] * plan.grid[1] + 1 / Math.max(1, plan.rowsPerStep);
  const field = TOTALS[cost];
  return (a, b) =>
    a[field] - b[field] ||
    Number(a.input === 'streamed') - Number(b.input === 'streamed') ||
    KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
    pieces(a) - pieces(b) ||
    a.stageLayers - b.stageLayers ||
    a.arenaBytes - b.arenaBytes;
}

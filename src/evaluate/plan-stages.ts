/** DeployPlan → the same network patch by patch or row by row, chosen under a budget, with its report and picture. */
import { bind } from '../bind/bind.js';
import { measuredCosts } from '../bind/measure.js';
import { DEFAULT_STACK_BYTES } from '../codegen/emit-project.js';
import type { BoundPlan } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { stepMacs } from '../ops/index.js';
import { type PlannedStages, type PlanRequest, type StagePlan, StagePlanner } from '../patch/plan-patches.js';
import { buildPlanReport, type PeakTensor, type PlanReport } from '../report/plan-report.js';
import { planSvg } from '../report/plan-svg.js';
import { badInput } from '../support/errors.js';
import { type Board, coreOf } from '../targets/index.js';

export interface StageOptions extends Omit<PlanRequest, 'budgetBytes'> {
  /** Its kernels decide the scratch; default: a Cortex-M4. */
  readonly board?: Board;
  /** For arena and stack together. */
  readonly sramBytes?: number;
  readonly flashBytes?: number;
}

export interface StagedPlan {
  readonly plan: DeployPlan;
  readonly report: PlanReport;
  /** A picture of the chosen plan. */
  svg(): string;
}

/** Throws `patch/again` for a plan that has a patch stage already, `patch/plan` when what is asked does not exist. */
export function planStages(plan: DeployPlan, options: StageOptions): StagedPlan {
  const { planner, budgetBytes } = startPlanning(plan, options);
  return finishPlanning(plan, options, planner.choose(budgetBytes));
}

/** Plans of a kind that are measured, the cheapest by MACs first. */
const MEASURED_PER_KIND = 3;

/**
 * `planStages` with the choice made by cycles: of every kind the cheapest plans within the budget are measured.
 *
 * @param cyclesOf cycles of a whole inference, as emulated
 */
export async function planStagesByCycles(
  plan: DeployPlan,
  options: StageOptions,
  cyclesOf: (plan: DeployPlan) => Promise<number>,
): Promise<StagedPlan> {
  const { planner, budgetBytes } = startPlanning(plan, options);
  const planned = planner.choose(budgetBytes);
  if (!planned.fits) return finishPlanning(plan, options, planned);
  const cycles = new Map<StagePlan, number>();
  for (const kind of ['layers', 'patches', 'streaming'] as const) {
    const fitting = planned.plans
      .filter((row) => row.kind === kind && row.arenaBytes <= (budgetBytes ?? Number.POSITIVE_INFINITY))
      .sort((a, b) => a.totalMacs - b.totalMacs || a.arenaBytes - b.arenaBytes);
    for (const row of fitting.slice(0, MEASURED_PER_KIND))
      cycles.set(row, await cyclesOf(planner.planOf(row)));
  }
  const [chosen] = [...cycles].reduce((best, row) => (row[1] < best[1] ? row : best));
  return finishPlanning(plan, options, { ...planned, chosen, plan: planner.planOf(chosen) }, cycles);
}

function startPlanning(plan: DeployPlan, options: StageOptions) {
  if (plan.patchStage !== undefined)
    throw badInput('patch/again', 'the plan has a patch stage already', {
      where: plan.name,
      fix: 'Plan the model, or the plan as it was stored before. With --svg alone the plan is drawn as it stands.',
    });
  const { board: _, sramBytes, flashBytes: __, ...request } = options;
  const budgetBytes = sramBytes === undefined ? undefined : sramBytes - DEFAULT_STACK_BYTES;
  return { planner: new StagePlanner(plan, measuredCosts, request), budgetBytes };
}

function finishPlanning(
  plan: DeployPlan,
  { board, sramBytes, flashBytes }: StageOptions,
  planned: PlannedStages,
  cycles: ReadonlyMap<StagePlan, number> = new Map(),
): StagedPlan {
  const core = coreOf(board?.core ?? 'm4');
  const bound = bind(planned.plan, { core: core.id, feature: core.feature });
  const report = buildPlanReport({
    model: plan.name,
    mode: plan.requantization,
    layers: plan.steps.length,
    macs: plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0),
    plans: planned.plans,
    chosen: planned.chosen,
    cycles,
    fits: planned.fits,
    ...(sramBytes === undefined ? {} : { sramBytes }),
    stackBytes: DEFAULT_STACK_BYTES,
    ...(flashBytes === undefined ? {} : { flashBytes }),
    constantBytes: bound.constants.length,
    peak: liveAtPeak(bound),
  });
  return { plan: planned.plan, report, svg: () => planSvg(bound) };
}

/** The picture of a plan as it stands, with a stage or without; on a Cortex-M4 where no board is stated. */
export function drawPlan(plan: DeployPlan, board?: Board): string {
  const core = coreOf(board?.core ?? 'm4');
  return planSvg(bind(plan, { core: core.id, feature: core.feature }));
}

/** Tensors in memory at the worst step, largest first; of those that share bytes the latest. */
function liveAtPeak({ tensors, plan, peakStep }: BoundPlan): PeakTensor[] {
  const live = tensors.filter(
    (t) => t.rowPitch === undefined && t.firstStep <= peakStep && t.lastStep >= peakStep,
  );
  const taken = new Set(live.flatMap((t) => (t.shares === undefined ? [] : [t.shares.with])));
  return live
    .filter((t) => !taken.has(t.tensor))
    .map((t) => ({ name: plan.tensors[t.tensor]!.name, bytes: t.bytes }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** What planning and search are told about a plan by the stages that know: memory by `bind`, through the pipeline. */
import type { DeployPlan } from './deploy-plan.js';

/** Memory of a plan as the firmware lays it out. */
export interface MemoryCost {
  readonly arenaBytes: number;
  /** Live bytes, scratch included, at the worst step: what no layout can undercut. */
  readonly lowerBoundBytes: number;
  readonly peakStep: number;
  /** Live bytes without scratch at the worst step. */
  readonly tensorBytes: number;
  /** Largest scratch of any step. */
  readonly scratchBytes: number;
}

export interface CostModel {
  /**
   * The very arena that ships: laid out, not estimated. With `enoughBytes` any arena that small will do, which is
   * found faster.
   */
  memory(plan: DeployPlan, enoughBytes?: number): MemoryCost;
  /** Live bytes at every step, scratch included: a lower bound of the arena, much cheaper than a layout. */
  liveBytes(plan: DeployPlan): readonly number[];
}

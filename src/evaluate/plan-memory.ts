/** What a plan takes of a device's memories, before there is firmware: constants in flash and the arena. */
import { bind } from '../bind/bind.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { coreOf } from '../targets/index.js';

export interface PlanMemory {
  /** As firmware stores them, without code. */
  readonly constantBytes: number;
  readonly arenaBytes: number;
}

/** On a Cortex-M4: its kernels decide how weights are packed and what scratch they need. */
export function planMemory(plan: DeployPlan): PlanMemory {
  const { id, feature } = coreOf('m4');
  const bound = bind(plan, { core: id, feature });
  return { constantBytes: bound.constants.length, arenaBytes: bound.arenaBytes };
}

/** Runs one network on many inputs: on this thread, or spread over worker threads with the same results. */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { type EngineName, SIMULATION_ENGINES } from './engines.js';
import { createPool, type Task, type TaskPool } from './task-pool.js';

/** Stored input bytes → stored bytes per output. Calls may overlap. */
export type Runner = TaskPool<Uint8Array, readonly Uint8Array[]>;

interface SimulationStart {
  readonly plan: DeployPlan;
  readonly engine: EngineName;
}

export const simulateTask: Task<SimulationStart, Uint8Array, readonly Uint8Array[]> = {
  name: 'simulate',
  // A worker must not wait for this thread, which decodes pictures in between.
  held: 2,
  async load({ plan, engine }) {
    const network = await SIMULATION_ENGINES[engine]().load(plan);
    return { run: (input) => network.run([input]), dispose: () => network.dispose?.() };
  },
};

export const createRunner = (plan: DeployPlan, engine: EngineName, threads: number): Promise<Runner> =>
  createPool(simulateTask, { plan, engine }, threads);

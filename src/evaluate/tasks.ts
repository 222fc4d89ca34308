/** What threads can be asked for. */
import type { Task } from './task-pool.js';

type AnyTask = Task<never, never, unknown>;

/** THE list of what threads can do, by the tasks' names. A thread loads the modules of its own task alone. */
export const TASKS: Readonly<Record<string, () => Promise<AnyTask>>> = {
  simulate: async () => (await import('./runner.js')).simulateTask,
  observe: async () => (await import('./observe-ranges.js')).observeTask,
  'round weights': async () => (await import('./round-layers.js')).roundTask,
  'logit noise': async () => (await import('./measure-noise.js')).noiseTask,
  'rounded scores': async () => (await import('./rounded-scores.js')).scoreTask,
  'held-out accuracy': async () => (await import('./held-out-accuracy.js')).heldOutTask,
};

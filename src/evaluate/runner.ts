/** Runs one network on many inputs: on this thread, or spread over worker threads with the same results. */
import { Worker } from 'node:worker_threads';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { bug, QuantmcuError } from '../support/errors.js';
import { type EngineName, SIMULATION_ENGINES } from './engines.js';
import type { WorkerReply, WorkerRequest, WorkerStart } from './worker.js';

export interface Runner {
  /** Stored input bytes → stored bytes per output. Calls may overlap. */
  run(input: Uint8Array): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}

export async function createRunner(plan: DeployPlan, engine: EngineName, threads: number): Promise<Runner> {
  return threads <= 1 ? runHere(plan, engine) : runOnWorkers(plan, engine, threads);
}

async function runHere(plan: DeployPlan, engine: EngineName): Promise<Runner> {
  const network = await SIMULATION_ENGINES[engine]().load(plan);
  return {
    run: async (input) => network.run([input]),
    close: async () => network.dispose?.(),
  };
}

interface Job {
  readonly request: WorkerRequest;
  readonly resolve: (outputs: readonly Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Requests that a worker holds: while it computes one, the next lies ready, so that it never waits for this thread,
 * which decodes pictures in between.
 */
const REQUESTS_PER_WORKER = 2;

/** A worker answers its jobs in their order. */
interface Lane {
  readonly worker: Worker;
  readonly jobs: Job[];
}

/** Jobs go to the worker that has the fewest; what no worker has room for waits in line. */
function runOnWorkers(plan: DeployPlan, engine: EngineName, threads: number): Runner {
  const start: WorkerStart = { plan, engine };
  const waiting: Job[] = [];
  const lanes = Array.from({ length: threads }, (): Lane => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start });
    return { worker, jobs: [] };
  });
  const assign = (): void => {
    while (waiting.length > 0) {
      const lane = lanes.reduce((least, next) => (next.jobs.length < least.jobs.length ? next : least));
      if (lane.jobs.length >= REQUESTS_PER_WORKER) return;
      const job = waiting.shift()!;
      lane.jobs.push(job);
      lane.worker.postMessage(job.request);
    }
  };
  for (const { worker, jobs } of lanes) {
    worker.on('message', (reply: WorkerReply) => {
      const job = jobs.shift();
      if (job === undefined) throw bug('simulate/worker', 'a worker answered without a job');
      assign();
      if (reply.kind === 'outputs') job.resolve(reply.outputs);
      else job.reject(revive(reply));
    });
    worker.on('error', (error) => {
      for (const job of [...jobs.splice(0), ...waiting.splice(0)]) job.reject(error as Error);
    });
  }
  return {
    run: (input) =>
      new Promise((resolve, reject) => {
        waiting.push({ request: { input }, resolve, reject });
        assign();
      }),
    close: async () => void (await Promise.all(lanes.map(({ worker }) => worker.terminate()))),
  };
}

/** Errors lose their class on the way between threads. */
function revive(reply: Extract<WorkerReply, { kind: 'error' }>): Error {
  return new QuantmcuError(reply.errorKind, reply.code, reply.message);
}

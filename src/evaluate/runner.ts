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

/** Each worker has one job at a time; the rest wait in line. */
function runOnWorkers(plan: DeployPlan, engine: EngineName, threads: number): Runner {
  const start: WorkerStart = { plan, engine };
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job>();
  const assign = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const worker = idle.pop()!;
      const job = waiting.shift()!;
      running.set(worker, job);
      worker.postMessage(job.request);
    }
  };
  const settle = (worker: Worker): Job => {
    const job = running.get(worker);
    if (job === undefined) throw bug('simulate/worker', 'a worker answered without a job');
    running.delete(worker);
    return job;
  };
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start });
    worker.on('message', (reply: WorkerReply) => {
      const job = settle(worker);
      if (reply.kind === 'outputs') job.resolve(reply.outputs);
      else job.reject(revive(reply));
      idle.push(worker);
      assign();
    });
    worker.on('error', (error) => {
      running.get(worker)?.reject(error as Error);
      running.delete(worker);
      for (const job of waiting.splice(0)) job.reject(error as Error);
    });
    idle.push(worker);
    return worker;
  });
  return {
    run: (input) =>
      new Promise((resolve, reject) => {
        waiting.push({ request: { input }, resolve, reject });
        assign();
      }),
    close: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))),
  };
}

/** Errors lose their class on the way between threads. */
function revive(reply: Extract<WorkerReply, { kind: 'error' }>): Error {
  return new QuantmcuError(reply.errorKind, reply.code, reply.message);
}

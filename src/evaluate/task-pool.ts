/**
 * Work cut into requests, spread over worker threads or done on this one: the same replies either way. What a task
 * does is a plain function; worker.ts has THE list of those that a thread can be asked for.
 */
import { Worker } from 'node:worker_threads';
import { bug, QuantmcuError } from '../support/errors.js';
import type { WorkerReply, WorkerStart } from './worker.js';

/** A task with what all of its requests share. */
export interface LoadedTask<Request, Reply> {
  /** `report` tells how much of this request is done. */
  run(request: Request, report: (done: number) => void): Reply | Promise<Reply>;
  dispose?(): void;
}

export interface Task<Start, Request, Reply> {
  readonly name: string;
  /** Called once per thread. */
  load(start: Start): LoadedTask<Request, Reply> | Promise<LoadedTask<Request, Reply>>;
  /**
   * Requests that a worker holds. With 2 the next one lies ready while it computes: for short requests, whose
   * sender does other work in between. Default 1, which balances long ones.
   */
  readonly held?: number;
}

export interface TaskPool<Request, Reply> {
  /** Calls may overlap. */
  run(request: Request, onProgress?: (done: number) => void): Promise<Reply>;
  close(): Promise<void>;
}

/** One thread means this one. Others start with the first request; without work they do not keep the process alive. */
export async function createPool<Start, Request, Reply>(
  task: Task<Start, Request, Reply>,
  start: Start,
  threads: number,
): Promise<TaskPool<Request, Reply>> {
  if (threads > 1) return poolOfWorkers(task, start, threads);
  const loaded = await task.load(start);
  return {
    run: async (request, onProgress) => loaded.run(request, (done) => onProgress?.(done)),
    close: async () => loaded.dispose?.(),
  };
}

interface Job {
  readonly request: unknown;
  readonly onProgress: ((done: number) => void) | undefined;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A worker answers its jobs in their order. */
interface Lane {
  readonly worker: Worker;
  readonly jobs: Job[];
}

/**
 * Jobs go to the worker that has the fewest; what no worker has room for waits in line. A worker is started for a job that
 * finds none idle.
 */
function poolOfWorkers<Start, Request, Reply>(
  { name, held = 1 }: Task<Start, Request, Reply>,
  start: Start,
  threads: number,
): TaskPool<Request, Reply> {
  const waiting: Job[] = [];
  const lanes: Lane[] = [];
  const assign = (): void => {
    while (waiting.length > 0) {
      const lane = lanes.reduce((least, next) => (next.jobs.length < least.jobs.length ? next : least));
      if (lane.jobs.length >= held) return;
      const job = waiting.shift()!;
      try {
        lane.worker.postMessage(job.request);
      } catch (error) {
        job.reject(error as Error);
        continue;
      }
      if (lane.jobs.push(job) === 1) lane.worker.ref();
    }
  };
  const startLane = (): Lane => {
    const workerData: WorkerStart = { task: name, start };
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    const jobs: Job[] = [];
    worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'progress') {
        jobs[0]?.onProgress?.(reply.done);
        return;
      }
      const job = jobs.shift();
      if (job === undefined) throw bug('evaluate/worker', 'a worker answered without a job');
      if (jobs.length === 0) worker.unref();
      assign();
      if (reply.kind === 'done') job.resolve(reply.value as never);
      else job.reject(revive(reply));
    });
    worker.on('error', (error) => {
      for (const job of [...jobs.splice(0), ...waiting.splice(0)]) job.reject(error as Error);
    });
    // Listening holds the process, so this comes last.
    worker.unref();
    return { worker, jobs };
  };
  return {
    run: (request, onProgress) =>
      new Promise<Reply>((resolve, reject) => {
        waiting.push({ request, onProgress, resolve, reject });
        if (lanes.length < threads && lanes.every(({ jobs }) => jobs.length > 0)) lanes.push(startLane());
        assign();
      }),
    close: async () => void (await Promise.all(lanes.map(({ worker }) => worker.terminate()))),
  };
}

/** Errors lose their class on the way between threads. */
function revive(reply: Extract<WorkerReply, { kind: 'error' }>): Error {
  return new QuantmcuError(reply.errorKind, reply.code, reply.message);
}

/**
 * Both results. What is done `here` blocks this thread, so threads are given their requests first; it is not begun where
 * these have failed by then. Where it fails itself the threads still answer before the process can end.
 */
export function besideThreads<There, Here>(
  there: Promise<There>,
  here: () => Here | Promise<Here>,
): Promise<[There, Here]> {
  let hasFailed = false;
  there.catch(() => {
    hasFailed = true;
  });
  const begin = (): Here | Promise<Here> => (hasFailed ? (there as Promise<never>) : here());
  return Promise.all([there, new Promise((turn) => setImmediate(turn)).then(begin)]);
}

/** Work in as many lists as asked for, or fewer, with about the same amount in each; indices ascend in every list. */
export function shareOut(
  work: readonly { readonly index: number; readonly size: number }[],
  parts: number,
): number[][] {
  const shares = Array.from({ length: Math.max(1, Math.min(parts, work.length)) }, () => ({
    indices: [] as number[],
    size: 0,
  }));
  for (const { index, size } of [...work].sort((a, b) => b.size - a.size || a.index - b.index)) {
    const least = shares.reduce((a, b) => (b.size < a.size ? b : a));
    least.indices.push(index);
    least.size += size;
  }
  return shares.map(({ indices }) => indices.sort((a, b) => a - b));
}

/**
 * Work cut into requests, spread over worker threads or done on this one: the same replies either way. What a task
 * does is a plain function; tasks.ts has THE list of those that a thread can be asked for.
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
  if (threads > 1) return new WorkerPool(task, start, threads);
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

/** What no worker has room for waits in line. */
class WorkerPool<Start, Request, Reply> implements TaskPool<Request, Reply> {
  private readonly waiting: Job[] = [];
  private readonly lanes: Lane[] = [];
  private isClosed = false;

  constructor(
    private readonly task: Task<Start, Request, Reply>,
    private readonly start: Start,
    private readonly threads: number,
  ) {}

  run(request: Request, onProgress?: (done: number) => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, onProgress, resolve, reject });
      this.assign();
    });
  }

  /** What is not answered by then is rejected. */
  async close(): Promise<void> {
    this.isClosed = true;
    const lanes = this.lanes.splice(0);
    for (const { jobs } of lanes) this.waiting.push(...jobs.splice(0));
    this.assign();
    await Promise.all(lanes.map(({ worker }) => worker.terminate()));
  }

  private assign(): void {
    while (this.waiting.length > 0) {
      const lane = this.isClosed ? undefined : this.laneWithRoom();
      if (lane === undefined && !this.isClosed) return;
      const job = this.waiting.shift()!;
      if (lane === undefined) job.reject(bug('evaluate/pool', 'the threads ended before they answered'));
      else send(lane, job);
    }
  }

  /** An idle worker, else a new one as long as there may be more, else the one with the fewest jobs. */
  private laneWithRoom(): Lane | undefined {
    const [least] = [...this.lanes].sort((a, b) => a.jobs.length - b.jobs.length);
    if (least?.jobs.length === 0) return least;
    if (this.lanes.length < this.threads) return this.startLane();
    return least !== undefined && least.jobs.length < (this.task.held ?? 1) ? least : undefined;
  }

  private startLane(): Lane {
    const workerData: WorkerStart = { task: this.task.name, start: this.start };
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    const lane: Lane = { worker, jobs: [] };
    this.lanes.push(lane);
    worker.on('message', (reply: WorkerReply) => this.answer(lane, reply));
    worker.on('error', (error) => {
      const at = this.lanes.indexOf(lane);
      if (at >= 0) this.lanes.splice(at, 1);
      for (const job of lane.jobs.splice(0)) job.reject(error as Error);
      this.assign();
    });
    // Listening holds the process, so this comes last.
    worker.unref();
    return lane;
  }

  private answer({ worker, jobs }: Lane, reply: WorkerReply): void {
    if (reply.kind === 'progress') {
      jobs[0]?.onProgress?.(reply.done);
      return;
    }
    const job = jobs.shift();
    // Of a pool that was closed in the meantime.
    if (job === undefined) return;
    if (jobs.length === 0) worker.unref();
    this.assign();
    if (reply.kind === 'done') job.resolve(reply.value as never);
    else job.reject(revive(reply));
  }
}

/** A request that cannot be sent fails by itself. */
function send({ worker, jobs }: Lane, job: Job): void {
  try {
    worker.postMessage(job.request);
  } catch (error) {
    job.reject(error as Error);
    return;
  }
  if (jobs.push(job) === 1) worker.ref();
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

/** Worker thread: loads one task, then answers one request at a time, in their order. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorKind, QuantmcuError } from '../support/errors.js';
import type { LoadedTask } from './task-pool.js';
import { TASKS } from './tasks.js';

export interface WorkerStart {
  readonly task: string;
  readonly start: unknown;
}
export type WorkerReply =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'progress'; readonly done: number }
  | {
      readonly kind: 'error';
      readonly errorKind: ErrorKind;
      readonly code: string;
      readonly message: string;
    };

const describe = (error: unknown): WorkerReply => {
  const known = error instanceof QuantmcuError;
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'error',
    errorKind: known ? error.kind : 'bug',
    code: known ? error.code : 'worker',
    message,
  };
};

const port = parentPort;
if (port !== null) {
  const reply = (value: WorkerReply): void => port.postMessage(value);
  const { task, start } = workerData as WorkerStart;
  const loading = (async (): Promise<LoadedTask<never, unknown>> =>
    (await TASKS[task]!()).load(start as never))();
  // Told to whoever asks first, not to the process.
  loading.catch(() => undefined);
  port.on('message', async (request: unknown) => {
    try {
      const value = await (await loading).run(request as never, (done) => reply({ kind: 'progress', done }));
      reply({ kind: 'done', value });
    } catch (error) {
      reply(describe(error));
    }
  });
}

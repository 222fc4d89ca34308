/** Worker thread: loads one plan, then answers one input at a time with the network's outputs. */
import { parentPort, workerData } from 'node:worker_threads';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { type ErrorKind, QuantmcuError } from '../support/errors.js';
import { type EngineName, SIMULATION_ENGINES } from './engines.js';

export interface WorkerStart {
  readonly plan: DeployPlan;
  readonly engine: EngineName;
}
export interface WorkerRequest {
  readonly input: Uint8Array;
}
export type WorkerReply =
  | { readonly kind: 'outputs'; readonly outputs: readonly Uint8Array[] }
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
  const { plan, engine } = workerData as WorkerStart;
  const loading = Promise.resolve(SIMULATION_ENGINES[engine]().load(plan));
  port.on('message', async ({ input }: WorkerRequest) => {
    try {
      const network = await loading;
      port.postMessage({ kind: 'outputs', outputs: network.run([input]) } satisfies WorkerReply);
    } catch (error) {
      port.postMessage(describe(error) satisfies WorkerReply);
    }
  });
}

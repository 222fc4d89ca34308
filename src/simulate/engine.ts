/** What simulates a DeployPlan: an engine loads a plan once and runs it on packed inputs, byte-exactly. */
import type { DeployPlan } from '../ir/deploy-plan.js';

/** Called after each step that ran with the canonical packed bytes of its output tensor; the bytes are a copy. */
export type Observer = (stepIndex: number, tensorId: number, bytes: Uint8Array) => void;

export interface LoadedNetwork {
  /**
   * Runs the network once; of a branch with two alternatives the one that the input asks for.
   *
   * @param inputs canonical packed bytes per input port, in the order of `plan.inputs`
   * @param observe sees every feature map; nothing is copied without it
   * @returns canonical packed bytes per output port, in the order of `plan.outputs`
   * @throws QuantmcuError `simulate/inputs` when their count or a length is wrong
   */
  run(inputs: readonly Uint8Array[], observe?: Observer): Uint8Array[];
  dispose?(): void;
}

export interface SimulationEngine {
  readonly name: 'reference' | 'wasm';
  load(plan: DeployPlan): Promise<LoadedNetwork> | LoadedNetwork;
}

/** THE list of simulation engines by name; `wasm` is the fast default, `reference` the slow obvious one. */
import type { SimulationEngine } from '../simulate/engine.js';
import { referenceEngine } from '../simulate/reference-engine.js';
import { createWasmEngine } from '../simulate/wasm-engine.js';

/** Creating an engine may compile its kernels: do it once. */
export const SIMULATION_ENGINES = {
  wasm: () => createWasmEngine(),
  reference: () => referenceEngine,
} as const satisfies Readonly<Record<string, () => SimulationEngine>>;

export type EngineName = keyof typeof SIMULATION_ENGINES;
export const ENGINE_NAMES = Object.keys(SIMULATION_ENGINES) as readonly EngineName[];

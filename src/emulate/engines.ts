/** THE list of emulation engines: how a machine of each is made and whether it can run here. */
import { createBuiltinMachine } from './builtin-machine.js';
import type { Machine, MachineOptions } from './machine.js';
import { unicornAvailable } from './unicorn-library.js';
import { createUnicornMachine } from './unicorn-machine.js';

export interface EngineInfo {
  /** One sentence for help texts. */
  readonly description: string;
  /** Empty when the engine can run here; else why not. */
  unavailable(): string;
  create(options: MachineOptions): Machine;
}

export const ENGINES = {
  builtin: {
    description: "the project's own core in WebAssembly: fast, needs no system package",
    unavailable: () => '',
    create: createBuiltinMachine,
  },
  unicorn: {
    description: 'the Unicorn emulator (libunicorn 2 of the system): the reference',
    unavailable: () => unicornAvailable().reason,
    create: createUnicornMachine,
  },
} as const satisfies Record<string, EngineInfo>;

export type EngineId = keyof typeof ENGINES;

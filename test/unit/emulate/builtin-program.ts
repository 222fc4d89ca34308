/** A few halfwords of code on the built-in core: flash at 0 with a vector table, SRAM at 0x20000000. */
import { BuiltinMachine, type BuiltinOptions } from '../../../src/emulate/builtin-machine.js';
import type { StopReason } from '../../../src/emulate/machine.js';

export const CODE = 0x100;
export const FLASH_BYTES = 0x2000;
export const RAM = 0x20000000;
export const RAM_BYTES = 0x1000;
export const STACK_TOP = RAM + RAM_BYTES;
const NOWHERE = 0x1ffe;
const BUDGET = 100_000;

export const halfwords = (code: string): Uint8Array =>
  new Uint8Array(Uint16Array.from(code.split(' '), (half) => Number.parseInt(half, 16)).buffer);

/** A machine after reset, about to execute `code`. */
export function boot(code: string, options: Partial<BuiltinOptions> = {}): BuiltinMachine {
  const machine = new BuiltinMachine({
    core: 'm4',
    regions: [
      { name: 'flash', origin: 0, bytes: FLASH_BYTES, writable: false },
      { name: 'sram', origin: RAM, bytes: RAM_BYTES, writable: true },
    ],
    countCycles: true,
    watchMemory: true,
    ...options,
  });
  machine.write(0, new Uint8Array(Uint32Array.of(STACK_TOP, CODE | 1).buffer));
  machine.write(CODE, halfwords(code));
  machine.reset(0);
  return machine;
}

export const runToEnd = (machine: BuiltinMachine): StopReason => machine.runUntil(NOWHERE, BUDGET);

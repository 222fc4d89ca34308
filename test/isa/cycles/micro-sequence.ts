/** A few instructions whose cycles a manual or a measurement states. Assembled with GNU as; `asm` says what `code` is. */
import { BuiltinMachine } from '../../../src/emulate/builtin-machine.js';
import type { CoreId } from '../../../src/targets/target.js';

export interface MicroSequence {
  readonly asm: string;
  /** Halfwords in hexadecimal. */
  readonly code: string;
  /** From an empty pipeline to the end of the sequence. */
  readonly cycles: number;
  readonly source: string;
  /** Register values that matter; r1, r2, r3 and r8 point to RAM, the others hold small numbers, r12 is 0. */
  readonly registers?: Readonly<Record<number, number>>;
  /** The word on top of the stack is the address of the sequence's end. */
  readonly returns?: boolean;
}

const CODE = 0x1000;
const RAM = 0x20000000;
const POINTERS = [1, 2, 3, 8];
const BUDGET = 1000;

/** Cycles of the sequence on the built-in core. */
export function measureCycles(core: CoreId, sequence: MicroSequence): number {
  const halfwords = Uint16Array.from(sequence.code.split(' '), (half) => Number.parseInt(half, 16));
  const machine = new BuiltinMachine({
    core,
    regions: [
      { name: 'flash', origin: 0, bytes: 0x4000, writable: false },
      { name: 'sram', origin: RAM, bytes: 0x1000, writable: true },
    ],
    countCycles: true,
    watchMemory: false,
    fpuEnabled: true,
  });
  const end = CODE + halfwords.length * 2;
  machine.write(CODE, new Uint8Array(halfwords.buffer));
  for (let register = 0; register < 12; register++) machine.writeRegister(register, register);
  POINTERS.forEach((register, index) => {
    machine.writeRegister(register, RAM + 0x100 * (index + 1));
  });
  machine.writeRegister(12, 0);
  machine.writeRegister(13, RAM + 0x800);
  if (sequence.returns) machine.write(RAM + 0x800, new Uint8Array(Uint32Array.of(end | 1).buffer));
  for (const [register, value] of Object.entries(sequence.registers ?? {})) {
    machine.writeRegister(Number(register), value);
  }
  machine.writeRegister(15, CODE);
  const stop = machine.runUntil(end, BUDGET);
  if (stop.kind !== 'reached') throw new Error(`${sequence.asm}: ${JSON.stringify(stop)}`);
  return machine.counters().cycles;
}

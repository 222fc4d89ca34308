/**
 * The emulated core as every engine offers it: memory, registers, run to an address, counters and watches.
 * The built-in core is the fast default; Unicorn is the reference that keeps it honest. Synchronous by design.
 */
import type { CoreId } from '../targets/target.js';

export interface MemoryRegion {
  readonly name: 'flash' | 'sram' | string;
  readonly origin: number;
  readonly bytes: number;
  readonly writable: boolean;
}

export interface MachineOptions {
  readonly core: CoreId;
  readonly regions: readonly MemoryRegion[];
  /** Count cycles by the core's table (slower under Unicorn: a hook per block). */
  readonly countCycles: boolean;
  /** Record which bytes of writable regions are stored to, and the lowest stack pointer. */
  readonly watchMemory: boolean;
  /** The stack pointer may not fall below this address. */
  readonly stackLimit?: number;
}

export type FaultKind =
  | 'undefined_instruction'
  | 'unmapped_access'
  | 'write_to_flash'
  | 'unaligned_access'
  | 'fpu_disabled'
  | 'stack_overflow'
  | 'execute_from_data'
  | 'step_budget'
  | 'breakpoint'
  | 'other';

export interface Fault {
  readonly kind: FaultKind;
  /** Program counter of the faulting instruction. */
  readonly pc: number;
  /** Its first halfword(s), when readable. */
  readonly encoding?: number;
  /** Data address of a memory fault. */
  readonly address?: number;
  readonly message: string;
}

export type StopReason =
  | { readonly kind: 'reached'; readonly address: number }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'fault'; readonly fault: Fault };

export interface Counters {
  readonly instructions: number;
  readonly cycles: number;
}

export interface Machine {
  readonly engine: 'unicorn' | 'builtin' | 'qemu';
  readonly core: CoreId;
  write(address: number, bytes: Uint8Array): void;
  read(address: number, length: number): Uint8Array;
  /** r0…r12, sp, lr, pc, xpsr by index 0…16. */
  readRegister(index: number): number;
  writeRegister(index: number, value: number): void;
  /** s0…s31 by index, as bit patterns; absent where the engine does not offer them. */
  readFloatRegister?(index: number): number;
  /** Loads SP and PC from the vector table at `vectorTable`. */
  reset(vectorTable: number): void;
  /** Runs until the instruction at `address` is about to execute (at least one instruction runs first). */
  runUntil(address: number, instructionBudget: number): StopReason;
  counters(): Counters;
  /** Lowest SP seen since reset; the initial SP before anything ran. */
  lowestStackPointer(): number;
  /** Bytes of a writable region ever stored to by the core: one byte per byte, 1 = written. */
  writtenBytes(region: string): Uint8Array;
  /** Forgets every recorded store (not the lowest stack pointer), so that one step can be watched alone. */
  clearWrittenBytes(): void;
  /** Text printed by the firmware through semihosting, if any. */
  output(): string;
  dispose(): void;
}

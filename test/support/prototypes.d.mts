import type { Machine, MachineOptions } from '../../src/emulate/machine.js';
import type { ElfImage } from '../../src/ir/elf-image.js';

export interface PrototypeRun {
  readonly name: string;
  readonly macs: number;
  readonly instructions: number;
  readonly cycles: number;
  /** What the driver hands over: its count of wrong outputs, or figures of its own. */
  readonly mismatches: number;
}

export declare const PROGRAMS: Readonly<Record<string, readonly string[]>>;
export declare const REGIONS: MachineOptions['regions'];
export declare function prototypesMissing(): string;
export declare function buildPrototype(driver: string): Uint8Array;
export declare function load<M extends Machine>(machine: M, elf: ElfImage): M;
export declare function eachKernel(
  machine: Machine,
  elf: ElfImage,
  visit: (run: PrototypeRun) => boolean,
): void;

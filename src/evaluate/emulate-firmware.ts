/** Runs built firmware on the emulation engines asked for, and compares two of them state by state. */
import { readElf } from '../compile/read-elf.js';
import { type CrossCheck, StateComparison } from '../emulate/cross-check.js';
import { ENGINES, type EngineId } from '../emulate/engines.js';
import { type EmulationResult, emulateNetwork } from '../emulate/layer-profile.js';
import type { Machine } from '../emulate/machine.js';
import { unsupported } from '../support/errors.js';
import type { BuiltFirmware } from './build-project.js';

/**
 * `both` runs one after the other and compares registers and memory at every layer; `qemu` is the built-in core with
 * QEMU's feature maps beside it.
 */
export const EMULATION_CHOICES = [...(Object.keys(ENGINES) as EngineId[]), 'both', 'qemu'] as const;
export type EmulationChoice = (typeof EMULATION_CHOICES)[number];

/** Fast, counts cycles exactly, needs nothing of the system. */
export const DEFAULT_ENGINE: EngineId = 'builtin';

/** What a choice comes to on this machine. */
export interface ChosenEngines {
  readonly engines: readonly EngineId[];
  /** Why the reference cannot be compared with here; empty when it can. */
  readonly noReference: string;
}

/**
 * `both` without libunicorn runs the built-in core alone and says so. An engine that was asked for by name and cannot
 * run throws `emulate/engine` (kind `unsupported`).
 */
export function enginesOf(choice: EmulationChoice): ChosenEngines {
  const noReference = ENGINES.unicorn.unavailable();
  if (choice === 'both') {
    return { engines: noReference === '' ? ['builtin', 'unicorn'] : ['builtin'], noReference };
  }
  if (choice === 'qemu') return { engines: ['builtin'], noReference };
  const reason = ENGINES[choice].unavailable();
  if (reason === '') return { engines: [choice], noReference };
  throw unsupported('emulate/engine', `the engine ${choice} cannot run here: ${reason}`, {
    fix: 'Or choose --engine builtin.',
  });
}

export interface EmulateOptions {
  readonly engines: readonly EngineId[];
  readonly inputs: readonly Uint8Array[];
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export interface Emulated {
  /** One per engine, in order. */
  readonly emulations: readonly EmulationResult[];
  /** Present when two engines ran: the second against the first. */
  readonly crossCheck?: CrossCheck;
}

export function emulateFirmware(firmware: BuiltFirmware, options: EmulateOptions): Emulated {
  const elf = readElf(firmware.elf);
  const { bound, board } = firmware;
  const { engines, inputs, onProgress } = options;
  const comparison = engines.length === 2 ? new StateComparison(board.sram) : undefined;
  const emulations = engines.map((engine, index) =>
    emulateNetwork({
      ...{ elf, bound, board, inputs },
      createMachine: ENGINES[engine].create,
      onStep: (done, total) => onProgress?.(`emulating with ${engine}`, done, total),
      ...stopsOf(comparison, index),
    }),
  );
  return { emulations, ...(comparison === undefined ? {} : { crossCheck: comparison.result() }) };
}

const stopsOf = (
  comparison: StateComparison | undefined,
  index: number,
): { readonly onStop?: (machine: Machine, step: number) => void } =>
  comparison === undefined ? {} : { onStop: index === 0 ? comparison.record : comparison.compare };

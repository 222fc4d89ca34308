/** Runs built firmware on the emulation engines asked for. */
import { readElf } from '../compile/read-elf.js';
import { ENGINES, type EngineId } from '../emulate/engines.js';
import { type EmulationResult, emulateNetwork } from '../emulate/layer-profile.js';
import { unsupported } from '../support/errors.js';
import type { BuiltFirmware } from './build-project.js';

/** `both` runs one after the other and compares each with the simulation. */
export const EMULATION_CHOICES = [...(Object.keys(ENGINES) as EngineId[]), 'both'] as const;
export type EmulationChoice = (typeof EMULATION_CHOICES)[number];

/** The reference where it is installed, else the engine that needs nothing. */
export const defaultEngine = (): EngineId => (ENGINES.unicorn.unavailable() === '' ? 'unicorn' : 'builtin');

/** Throws `emulate/engine` (kind `unsupported`) when an engine that was asked for cannot run here. */
export function enginesOf(choice: EmulationChoice): readonly EngineId[] {
  const engines: readonly EngineId[] = choice === 'both' ? ['unicorn', 'builtin'] : [choice];
  for (const engine of engines) {
    const reason = ENGINES[engine].unavailable();
    if (reason !== '') {
      throw unsupported('emulate/engine', `the engine ${engine} cannot run here: ${reason}`, {
        fix: 'Or choose --engine builtin.',
      });
    }
  }
  return engines;
}

export interface EmulateOptions {
  readonly engines: readonly EngineId[];
  readonly inputs: readonly Uint8Array[];
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export function emulateFirmware(
  firmware: BuiltFirmware,
  options: EmulateOptions,
): readonly EmulationResult[] {
  const elf = readElf(firmware.elf);
  return options.engines.map((engine) =>
    emulateNetwork({
      elf,
      bound: firmware.bound,
      board: firmware.board,
      inputs: options.inputs,
      createMachine: ENGINES[engine].create,
      onStep: (done, total) => options.onProgress?.(`emulating with ${engine}`, done, total),
    }),
  );
}

/**
 * THE core list: what firmware generation needs to know of a Cortex-M; cycle costs stand in cycle-tables.ts.
 *
 * Flags: GCC "ARM Options" and LLVM's ARMProcessors.td. M7: single precision only, the least that every M7 with
 * an FPU has (the STM32F746 has no double precision). Uncertainties: see `basis`.
 */
import type { CoreId, CoreInfo } from './target.js';

const gccFlags = (cpu: string, fpu: string): readonly string[] => [
  `-mcpu=${cpu}`,
  '-mthumb',
  '-mfloat-abi=hard',
  `-mfpu=${fpu}`,
];

const zigFlags = (cpu: string): readonly string[] => ['-target', 'thumb-freestanding-eabihf', `-mcpu=${cpu}`];

export const CORES = {
  m4: {
    id: 'm4',
    name: 'Cortex-M4F',
    architecture: 'ARMv7E-M',
    feature: 'dsp',
    flags: { gcc: gccFlags('cortex-m4', 'fpv4-sp-d16'), zig: zigFlags('cortex_m4') },
    uncertainty: {
      relative: 0.05,
      basis: 'Cortex-M4 TRM cycle table at zero wait states; believed, not measured on this firmware',
    },
  },
  m7: {
    id: 'm7',
    name: 'Cortex-M7',
    architecture: 'ARMv7E-M',
    feature: 'dsp',
    flags: { gcc: gccFlags('cortex-m7', 'fpv5-sp-d16'), zig: zigFlags('cortex_m7-fp64') },
    uncertainty: {
      relative: 0.15,
      basis: 'static dual-issue model from published pipeline measurements, code and data in TCM',
    },
  },
  m33: {
    id: 'm33',
    name: 'Cortex-M33',
    architecture: 'ARMv8-M.main',
    feature: 'dsp',
    flags: { gcc: gccFlags('cortex-m33', 'fpv5-sp-d16'), zig: zigFlags('cortex_m33') },
    uncertainty: {
      relative: 0.1,
      basis: 'published pipeline measurements on another Cortex-M33, zero wait states',
    },
  },
} as const satisfies Record<CoreId, CoreInfo>;

export const CORE_IDS = Object.keys(CORES) as CoreId[];

export const coreOf = (id: CoreId): CoreInfo => CORES[id];

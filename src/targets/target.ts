/** What a core and a board are: data only. The lists stand in `cores.ts` and `boards.ts`. */

import type { CoreId, KernelFeature } from '../ir/core-id.js';

export type { CoreId, KernelFeature } from '../ir/core-id.js';

/** Cycle costs by instruction class; each field cites its source where the table is written. */
export interface CoreInfo {
  readonly id: CoreId;
  readonly name: string;
  readonly architecture: 'ARMv7E-M' | 'ARMv8-M.main';
  /** Kernel feature the core's firmware is generated with. */
  readonly feature: KernelFeature;
  readonly flags: { readonly gcc: readonly string[]; readonly zig: readonly string[] };
  /** Relative uncertainty of a cycle estimate at zero wait states, and what it rests on. */
  readonly uncertainty: { readonly relative: number; readonly basis: string };
}

export interface Board {
  readonly id: string;
  readonly name: string;
  readonly core: CoreId;
  readonly clockHz: number;
  readonly flash: { readonly origin: number; readonly bytes: number };
  readonly sram: { readonly origin: number; readonly bytes: number };
  /** Measured ÷ zero-wait cycles expected from flash wait states and caches at this clock: low, mid, high. */
  readonly memoryFactor: {
    readonly low: number;
    readonly mid: number;
    readonly high: number;
    readonly basis: string;
  };
  readonly source: string;
}

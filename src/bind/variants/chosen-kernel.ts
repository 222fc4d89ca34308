/** The kernel of one step, and what is known of it. */
import type { StepMemory } from '../../memory/lifetimes.js';
import type { AnyKernelVariant } from './variant.js';

/** What a choice calls the kernel of bind-step.ts. */
export const PORTABLE = 'portable';

/** Measured cycles of a step, by index, with the kernel of that name; undefined where unknown. */
export type KernelCycles = (index: number, kernel: string) => number | undefined;

export interface ChosenKernel {
  /** Absent: the portable kernel. */
  readonly variant?: AnyKernelVariant;
  /** Why no earlier kernel of the list. */
  readonly why: string;
  /** The kernel's own, without tiles for views. */
  readonly memory: StepMemory;
}

/** As a choice names it. */
export const kernelName = ({ variant }: ChosenKernel): string => variant?.name ?? PORTABLE;

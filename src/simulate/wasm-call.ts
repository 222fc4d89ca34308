/** One kernel call of a bound plan, before its scratch has an address. */
import type { DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import type { GroupLayout, Kernel, KernelName } from './wasm-kernels.js';
import type { FieldOf, LinearMemory, RecordFields, RecordName } from './wasm-layout.js';

export interface KernelCall {
  readonly kernel: KernelName;
  /** Bytes of scratch the call needs. */
  readonly scratchBytes: number;
  /** Writes the argument record, scratch now standing at `scratch`; returns the record's address. */
  writeRecord(scratch: number): number;
}

/** What a step is bound against. */
export interface BindContext {
  readonly plan: DeployPlan;
  readonly memory: LinearMemory;
  readonly group: GroupLayout;
  readonly slackBytes: number;
  /** Whether to look for the short form of requantisation (wasm-float.ts). */
  readonly shortForm: boolean;
  tensor(id: number): PlanTensor;
  /** Address of a tensor's elements. */
  address(id: number): number;
  kernel(name: KernelName): Kernel;
  /** Runs a kernel at once: tables are built at load. */
  runNow(call: KernelCall): void;
}

/** A call whose record fields named in `scratch` point to scratch of that many bytes each. */
export function kernelCall<N extends RecordName>(
  context: BindContext,
  kernel: KernelName,
  record: N,
  fields: RecordFields<N>,
  scratch: { readonly [F in FieldOf<N>]?: number } = {},
): KernelCall {
  const wanted = Object.entries(scratch) as [FieldOf<N>, number][];
  const room = (bytes: number): number => Math.ceil((bytes + context.slackBytes) / 64) * 64;
  return {
    kernel,
    scratchBytes: wanted.reduce((sum, [, bytes]) => sum + room(bytes), 0),
    writeRecord: (base) => {
      let at = base;
      const placed: Partial<Record<FieldOf<N>, number>> = {};
      for (const [field, bytes] of wanted) {
        placed[field] = at;
        at += room(bytes);
      }
      return context.memory.storeRecord(record, { ...fields, ...placed });
    },
  };
}

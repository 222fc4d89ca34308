/**
 * The BoundPlan: a DeployPlan laid out for one target. It says HOW the firmware computes it, without changing a
 * byte of any feature map: kernel instances and their arguments, packed constants, scratch and arena offsets.
 *
 * Plain versioned data; written by `bind`, read by `codegen` and by whoever compares feature maps in memory.
 */
import type { Width } from '../numeric/widths.js';
import type { CoreId, KernelFeature } from './core-id.js';
import type { BlobRef, DeployPlan, StepOp } from './deploy-plan.js';
import type { PlanesLayout } from './planes-layout.js';

export const BOUND_PLAN_FORMAT = 'quantmcu-bound-plan';
export const BOUND_PLAN_VERSION = 1;

export interface BindTarget {
  readonly core: CoreId;
  readonly feature: KernelFeature;
}

export type ConstantType =
  | 'int8_t'
  | 'uint8_t'
  | 'uint16_t'
  | 'int32_t'
  | 'uint32_t'
  /** { int32 bias, int32 multiplier, uint8 left, uint8 right, uint8 wide, a byte of zeros } */
  | 'struct qmcu_channel';

/** Bytes of one element of a constant. */
export const CONSTANT_BYTES: Readonly<Record<ConstantType, number>> = {
  int8_t: 1,
  uint8_t: 1,
  uint16_t: 2,
  int32_t: 4,
  uint32_t: 4,
  'struct qmcu_channel': 12,
};

/** A packed constant in `BoundPlan.constants`, little-endian, 4-byte aligned there. */
export interface BoundConstant {
  /** Unique C identifier without prefix, e.g. `step_003_weights`. */
  readonly name: string;
  readonly type: ConstantType;
  readonly ref: BlobRef;
}

/** Use of `BoundPlan.constantTable[constant]` as an argument. */
export interface ConstantUse {
  readonly constant: number;
}

/** A field of a kernel's argument struct; nested records are nested structs, arrays are C arrays. */
export type ArgumentValue = number | ConstantUse | readonly number[] | ArgumentRecord;
export interface ArgumentRecord {
  readonly [field: string]: ArgumentValue;
}

/** One compiled instance of a kernel file. */
export interface KernelInstance {
  /** `<op>_a<input bits>_w<weight bits>__<feature>`, then `_<variant>` and its parameters. */
  readonly name: string;
  readonly op: StepOp;
  readonly feature: KernelFeature;
  readonly inputBits: Width;
  /** Absent for operators without weights. */
  readonly weightBits?: Width;
  /** Absent for the portable kernel, which computes every step of the operator. */
  readonly variant?: string;
  /** What the variant's code is specialised by: macros `QMCU_<NAME>` of its instance, arguments of its generator. */
  readonly parameters?: Readonly<Record<string, number>>;
}

/** The kernel's file in firmware-templates/kernels without its suffix; its arguments are `struct <this>_args`. */
export const kernelFile = ({ op, variant }: KernelInstance): string =>
  variant === undefined ? op : `${op}_${variant}`;

export interface KernelCall {
  readonly kernel: KernelInstance;
  readonly args: ArgumentRecord;
  /** Tensor ids, in the kernel's parameter order. */
  readonly inputs: readonly number[];
  /** Operands that stand in the step's scratch and not where their tensor is: byte offsets into it. */
  readonly staged?: { readonly inputs?: readonly (number | null)[]; readonly output?: number };
  /** The kernel's working memory as a byte offset into the step's scratch; absent where it takes none. */
  readonly workspace?: number;
}

/** A piece of a streamed input that the firmware asks the user's callback for. */
export interface InputRequest {
  readonly y: number;
  readonly x: number;
  readonly height: number;
  readonly width: number;
}

export interface ArenaRange {
  readonly offset: number;
  readonly bytes: number;
}

export interface BoundTensor extends ArenaRange {
  /** Index in `plan.tensors`. */
  readonly tensor: number;
  /** Of a view: bytes from one of its rows to the next; the rows of other tensors follow each other. */
  readonly rowPitch?: number;
  /** Where it is not stored pixel by pixel; `bytes` are the layout's then. */
  readonly layout?: PlanesLayout;
  /** Step that writes it; −1 for a network input. */
  readonly firstStep: number;
  /** Last step that reads it; the number of steps for a network output. */
  readonly lastStep: number;
  /** Whose bytes it took over: at the step that writes it (`in_place`), or because they are the same (`alias`). */
  readonly shares?: { readonly with: number; readonly reason: 'alias' | 'in_place' | 'view' };
}

export interface BoundStep {
  /** Index in `plan.steps`. */
  readonly index: number;
  /** Empty when the step is an alias: nothing is computed. */
  readonly calls: readonly KernelCall[];
  /** Why the kernel is not an earlier one in the list of variants; empty when it is the first. */
  readonly why: string;
  /** The step is a request for a piece of the streamed input. */
  readonly request?: InputRequest;
  /** Working memory of the kernel inside the arena; contents are lost after the step. */
  readonly scratch: ArenaRange | null;
}

export interface BoundPlan {
  readonly format: typeof BOUND_PLAN_FORMAT;
  readonly version: typeof BOUND_PLAN_VERSION;
  readonly target: BindTarget;
  readonly plan: DeployPlan;
  /** Exact: no byte past the last one used. */
  readonly arenaBytes: number;
  /** Live bytes at the worst step, scratch included: what no layout can undercut. */
  readonly arenaLowerBoundBytes: number;
  /** The step where they are most. */
  readonly peakStep: number;
  /** Live bytes without scratch at the step where they are most. */
  readonly tensorBytes: number;
  /** Largest scratch of any step, part of the arena. */
  readonly scratchBytes: number;
  /** Every tensor that a step or port uses, by ascending id; a streamed input has no place. */
  readonly tensors: readonly BoundTensor[];
  readonly steps: readonly BoundStep[];
  readonly constantTable: readonly BoundConstant[];
  readonly constants: Uint8Array;
}

/** Reading a plan's constants and walking windows: what operator references share. */
import type { BlobRef, DeployPlan, PlanTensor, StepWindow } from '../ir/deploy-plan.js';
import { activationsAreSigned, unpackLanes } from '../numeric/lanes.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { pixelBytes, WIDTHS, type Width } from '../numeric/widths.js';

export interface Extent {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export const extentOf = (tensor: PlanTensor): Extent => ({
  height: tensor.shape[0],
  width: tensor.shape[1],
  channels: tensor.shape[2],
});

export const elementCount = (tensor: PlanTensor): number =>
  tensor.shape[0] * tensor.shape[1] * tensor.shape[2];

/** Bytes of the tensor in canonical packing. */
export const tensorBytes = (tensor: PlanTensor): number =>
  tensor.shape[0] * tensor.shape[1] * pixelBytes(tensor.shape[2], tensor.bits);

/** The tensor `id` of a verified plan. */
export function tensorOf(plan: DeployPlan, id: number): PlanTensor {
  const tensor = plan.tensors[id];
  if (tensor === undefined) throw new RangeError(`the plan has no tensor ${id}`);
  return tensor;
}

/** The tensor that holds the bytes of `id`: the one it views, else itself. */
export const rootOf = (plan: DeployPlan, id: number): number => tensorOf(plan, id).view?.of ?? id;

/** The network input that is never stored whole, if the patch stage asks for it piece by piece. */
export const streamedInput = (plan: DeployPlan): number | undefined =>
  plan.patchStage?.input === 'streamed' ? plan.inputs[0]?.tensor : undefined;

/** Bytes from one row of a tensor to its next in memory: a view has the rows of what it looks into. */
export function rowPitch(plan: DeployPlan, tensor: PlanTensor): number {
  const root = tensor.view === undefined ? tensor : tensorOf(plan, tensor.view.of);
  return root.shape[1] * pixelBytes(root.shape[2], root.bits);
}

/** Bytes before a view's first pixel in the tensor it looks into; 0 for other tensors. */
export function viewOffset(plan: DeployPlan, { view, shape, bits }: PlanTensor): number {
  if (view === undefined) return 0;
  return (view.y * tensorOf(plan, view.of).shape[1] + view.x) * pixelBytes(shape[2], bits);
}

export function blobBytes(plan: DeployPlan, ref: BlobRef): Uint8Array {
  return plan.weights.subarray(ref.offset, ref.offset + ref.length);
}

/** Little-endian int32 values of a blob, at any alignment. */
export function readInt32(plan: DeployPlan, ref: BlobRef): Int32Array {
  return new Int32Array(blobBytes(plan, ref).slice().buffer);
}

export function readInt8(plan: DeployPlan, ref: BlobRef): Int8Array {
  return new Int8Array(blobBytes(plan, ref).slice().buffer);
}

/** Unpacks rows of `rowLength` two's-complement weights; returns rows · rowLength values. */
export function readWeights(
  plan: DeployPlan,
  ref: BlobRef,
  rows: number,
  rowLength: number,
  bits: Width,
): Int32Array {
  return unpackLanes(blobBytes(plan, ref), rows, rowLength, bits, true);
}

/** Per-channel multipliers of a weighted step. */
export function readMultipliers(
  plan: DeployPlan,
  step: { readonly multiplier: BlobRef; readonly shift: BlobRef },
): FixedMultiplier[] {
  const shifts = readInt8(plan, step.shift);
  return Array.from(readInt32(plan, step.multiplier), (multiplier, channel) => ({
    multiplier,
    shift: shifts[channel]!,
  }));
}

/** Unpacked values of a packed activation tensor. */
export const unpackActivation = (tensor: PlanTensor, bytes: Uint8Array): Int32Array =>
  unpackLanes(
    bytes,
    tensor.shape[0] * tensor.shape[1],
    tensor.shape[2],
    tensor.bits,
    activationsAreSigned(tensor.bits),
  );

export const widthRange = (bits: Width): { min: number; max: number } => ({
  min: WIDTHS[bits].activationMin,
  max: WIDTHS[bits].activationMax,
});

/**
 * Calls `visit(inputIndex, tapIndex)` for every tap of the output pixel (y, x) that falls inside the input;
 * inputIndex counts pixels of the input, tapIndex counts ky · kernelWidth + kx.
 */
export function forEachTap(
  window: StepWindow,
  input: Extent,
  y: number,
  x: number,
  visit: (inputPixel: number, tap: number) => void,
): void {
  for (let ky = 0; ky < window.kernelHeight; ky++) {
    const iy = y * window.strideHeight - window.padTop + ky * window.dilationHeight;
    if (iy < 0 || iy >= input.height) continue;
    for (let kx = 0; kx < window.kernelWidth; kx++) {
      const ix = x * window.strideWidth - window.padLeft + kx * window.dilationWidth;
      if (ix < 0 || ix >= input.width) continue;
      visit(iy * input.width + ix, ky * window.kernelWidth + kx);
    }
  }
}

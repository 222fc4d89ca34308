/**
 * Shape arithmetic of graph operators: output sizes and explicit padding of windowed operators.
 * SAME and VALID as in tensorflow/lite/kernels/padding.h (tensorflow/tflite-micro).
 */

export type PaddingKind = 'same' | 'valid';

export interface WindowAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Elements that a dilated kernel spans. */
export const kernelSpan = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Padding before and after along one axis; an odd total puts the extra element after. */
export function resolvePadding(kind: PaddingKind, axis: WindowAxis): { before: number; after: number } {
  if (kind === 'valid') return { before: 0, after: 0 };
  const output = Math.ceil(axis.input / axis.stride);
  const total = Math.max(0, (output - 1) * axis.stride + kernelSpan(axis.kernel, axis.dilation) - axis.input);
  const before = Math.floor(total / 2);
  return { before, after: total - before };
}

/** Output size of a windowed operator with explicit padding; 0 or less means that the window does not fit. */
export const windowOutput = (axis: WindowAxis, before: number, after: number): number =>
  Math.floor((axis.input + before + after - kernelSpan(axis.kernel, axis.dilation)) / axis.stride) + 1;

export const shapeElements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** Shape after removing every dimension of size 1 in front. */
export function dropLeadingOnes(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((size) => size !== 1);
  return first < 0 ? [] : shape.slice(first);
}

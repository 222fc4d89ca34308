/** Invariants that operators share; each returns the sentences of what is wrong. */
import type { BlobRef, Clamp, DeployPlan, PlanTensor, StepWindow } from '../ir/deploy-plan.js';
import type { FixedMultiplier, RequantMode } from '../numeric/requantize.js';
import { pixelBytes, WIDTHS, type Width } from '../numeric/widths.js';
import { blobBytes, readInt8, readInt32, tensorOf } from './plan-access.js';

/** Sizes beyond which no microcontroller network goes; keeps hostile plans from exhausting memory. */
export const MAX_DIMENSION = 1 << 16;
export const MAX_KERNEL = 1 << 10;
/** A 31-bit multiplier holds the 24 bits of a float32 in its upper ones. */
const FLOAT32_UNIT = 1 << 7;

export const sameShape = (a: PlanTensor, b: PlanTensor): boolean =>
  a.shape.every((size, axis) => size === b.shape[axis]);

export const sameQuantization = (a: PlanTensor, b: PlanTensor): boolean =>
  a.scale === b.scale && a.zeroPoint === b.zeroPoint;

/** Of operators that move values without changing them. */
export const checkKeptGrid = (input: PlanTensor, output: PlanTensor): string[] => [
  ...(sameQuantization(input, output) ? [] : ['input and output scales differ']),
  ...(input.bits === output.bits ? [] : ['input and output widths differ']),
];

export function checkArity(step: { inputs: readonly number[] }, count: number): string[] {
  return step.inputs.length === count ? [] : [`has ${step.inputs.length} inputs, not ${count}`];
}

export function checkClamp(clamp: Clamp, output: PlanTensor): string[] {
  const { activationMin, activationMax } = WIDTHS[output.bits];
  const ok =
    Number.isInteger(clamp.min) &&
    Number.isInteger(clamp.max) &&
    clamp.min >= activationMin &&
    clamp.max <= activationMax &&
    clamp.min <= clamp.max;
  return ok ? [] : [`clamp ${clamp.min}…${clamp.max} is outside the ${output.bits}-bit output range`];
}

export function checkMultiplier(m: FixedMultiplier, mode: RequantMode, what: string): string[] {
  const integers = Number.isInteger(m.multiplier) && Number.isInteger(m.shift);
  const [low, high] = mode === 'mulhi' ? [0, 30] : [-31, 30];
  const inRange = m.multiplier >= 0 && m.multiplier <= 0x7fffffff && m.shift >= low && m.shift <= high;
  const isFloat32 = mode !== 'xnnpack' || m.multiplier % FLOAT32_UNIT === 0;
  const ok = integers && inRange && isFloat32;
  return ok ? [] : [`${what} has multiplier ${m.multiplier}, shift ${m.shift}, outside what ${mode} allows`];
}

export function checkBlob(plan: DeployPlan, ref: BlobRef, length: number, what: string): string[] {
  const inside =
    Number.isInteger(ref.offset) &&
    Number.isInteger(ref.length) &&
    ref.offset >= 0 &&
    ref.length >= 0 &&
    ref.offset + ref.length <= plan.weights.length;
  if (!inside) return [`${what} lies outside the weights blob`];
  return ref.length === length ? [] : [`${what} has ${ref.length} bytes, not ${length}`];
}

interface WeightedConstants {
  readonly weights: BlobRef;
  readonly weightBits: Width;
  readonly weightZeroPoint: number;
  readonly bias: BlobRef;
  readonly multiplier: BlobRef;
  readonly shift: BlobRef;
  readonly clamp: Clamp;
}

/** Weights as `rows` rows of `rowLength`, and one bias, multiplier and shift per output channel. */
export function checkWeighted(
  step: WeightedConstants,
  plan: DeployPlan,
  rows: number,
  rowLength: number,
  output: PlanTensor,
): string[] {
  if (WIDTHS[step.weightBits] === undefined) return [`weight width ${step.weightBits} is not 8, 4 or 2`];
  const channels = output.shape[2];
  const problems = [
    ...checkBlob(plan, step.weights, rows * pixelBytes(rowLength, step.weightBits), 'weights'),
    ...checkBlob(plan, step.bias, 4 * channels, 'bias'),
    ...checkBlob(plan, step.multiplier, 4 * channels, 'multiplier'),
    ...checkBlob(plan, step.shift, channels, 'shift'),
    ...checkClamp(step.clamp, output),
  ];
  if (!Number.isInteger(step.weightZeroPoint) || Math.abs(step.weightZeroPoint) > 128) {
    problems.push(`weight zero point ${step.weightZeroPoint} is outside −128…128`);
  }
  if (problems.length > 0) return problems;
  const shifts = readInt8(plan, step.shift);
  for (const [channel, multiplier] of readInt32(plan, step.multiplier).entries()) {
    const found = checkMultiplier(
      { multiplier, shift: shifts[channel]! },
      plan.requantization,
      `channel ${channel}`,
    );
    if (found.length > 0) return found;
  }
  return [];
}

export function checkWindow(window: StepWindow, input: PlanTensor, output: PlanTensor): string[] {
  const axes = [
    ['height', window.kernelHeight, window.strideHeight, window.dilationHeight, window.padTop, 0],
    ['width', window.kernelWidth, window.strideWidth, window.dilationWidth, window.padLeft, 1],
  ] as const;
  const problems: string[] = [];
  for (const [name, kernel, stride, dilation, pad, axis] of axes) {
    const positive = [kernel, stride, dilation].every(
      (v) => Number.isInteger(v) && v >= 1 && v <= MAX_KERNEL,
    );
    const span = (kernel - 1) * dilation + 1;
    if (!positive || !Number.isInteger(pad) || pad < 0 || pad >= span) {
      problems.push(`window ${name}: kernel ${kernel}, stride ${stride}, dilation ${dilation}, pad ${pad}`);
      continue;
    }
    const lastStart = (output.shape[axis] - 1) * stride - pad;
    if (lastStart >= input.shape[axis]) {
      problems.push(`window ${name}: output ${output.shape[axis]} reaches past input ${input.shape[axis]}`);
    }
  }
  return problems;
}

/** Every window must cover at least one valid input position (poolings divide by that count). */
export function checkNoEmptyWindow(window: StepWindow, input: PlanTensor, output: PlanTensor): string[] {
  const axes = [
    [window.kernelHeight, window.strideHeight, window.dilationHeight, window.padTop, 0],
    [window.kernelWidth, window.strideWidth, window.dilationWidth, window.padLeft, 1],
  ] as const;
  for (const [kernel, stride, dilation, pad, axis] of axes) {
    const size = input.shape[axis];
    for (let o = 0; o < output.shape[axis]; o++) {
      const start = o * stride - pad;
      // First tap at or after the border; the window is empty when that one is past the end, or there is none.
      const first = start >= 0 ? 0 : Math.ceil(-start / dilation);
      if (first >= kernel || start + first * dilation >= size)
        return [`output position ${o} has no valid input in its window`];
    }
  }
  return [];
}

/** Of a pool; `more` is asked where the shapes are sound. */
export function checkPool(
  step: {
    readonly inputs: readonly number[];
    readonly output: number;
    readonly window: StepWindow;
    readonly clamp: Clamp;
  },
  plan: DeployPlan,
  more: (input: PlanTensor, output: PlanTensor) => readonly string[],
): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  if (input.shape[2] !== output.shape[2]) return ['input and output channels differ'];
  const window = checkWindow(step.window, input, output);
  if (window.length > 0) return window;
  return [
    ...checkNoEmptyWindow(step.window, input, output),
    ...checkClamp(step.clamp, output),
    ...more(input, output),
  ];
}

export const tableValues = (plan: DeployPlan, ref: BlobRef): Int8Array =>
  new Int8Array(blobBytes(plan, ref).slice().buffer);

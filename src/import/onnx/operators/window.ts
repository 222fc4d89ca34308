/** Windows of convolutions and pools: kernel, strides, dilations and padding of ONNX in the Graph's terms. */
import type { Window2d } from '../../../ir/graph.js';
import { kernelSpan, resolvePadding, windowOutput } from '../../../ops/graph-shapes.js';
import type { OperatorContext } from '../context.js';
import { NHWC, type View } from '../view.js';

const MAX_WINDOW = 1024;

/** One axis; padding behind is what the output really needs. */
interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly output: number;
  /** Padding that the file asks for, used or not. */
  readonly declared: readonly [before: number, after: number];
}

export interface ResolvedWindow {
  readonly window: Window2d;
  readonly outputHeight: number;
  readonly outputWidth: number;
  /** [top, left, bottom, right] as the file says. */
  readonly declared: readonly [number, number, number, number];
}

/** An image [N, C, H, W]; a sequence [N, C, L] counts as one of height 1. */
export function imageView(c: OperatorContext, index: number): View {
  const view = c.view(index);
  const [n, channels, ...spatial] = view.dims;
  if (spatial.length === 2) return view;
  if (spatial.length === 1) return c.reshaped(view, [n!, channels!, 1, spatial[0]!]);
  return c.refuse(`its input has ${view.dims.length} dimensions`);
}

/** The image as an NHWC tensor. */
export const imageTensor = (c: OperatorContext, image: View): number =>
  c.draft.materialize(image, NHWC, c.node.inputs[0]!);

/** Spatial values of an attribute, for height and width; a sequence has them for its length alone. */
function spatial(c: OperatorContext, name: string, rank: number, fallback: number): [number, number] {
  const values = c.ints(name) ?? new Array<number>(rank).fill(fallback);
  if (values.length !== rank) throw c.malformed(`has ${values.length} ${name}`, undefined, String(rank));
  return rank === 2 ? [values[0]!, values[1]!] : [fallback, values[0]!];
}

/** `kernel` as height and width; `rank` is the number of spatial axes in the file. */
export function resolveWindow(
  c: OperatorContext,
  image: View,
  kernel: readonly [number, number],
  rank: number,
): ResolvedWindow {
  const strides = spatial(c, 'strides', rank, 1);
  const dilations = spatial(c, 'dilations', rank, 1);
  for (const [what, values] of Object.entries({ kernel, strides, dilations }))
    if (values.some((n) => !Number.isInteger(n) || n < 1 || n > MAX_WINDOW))
      throw c.malformed(`has ${what} out of range`, `[${values.join(', ')}]`, `1…${MAX_WINDOW}`);
  const pads = declaredPads(c, rank);
  const ceil = c.int('ceil_mode', 0) !== 0;
  const axis = (i: 0 | 1): Axis =>
    resolveAxis(
      c,
      { input: image.dims[2 + i]!, kernel: kernel[i], stride: strides[i], dilation: dilations[i] },
      [pads[i], pads[i + 2]!],
      ceil,
    );
  const [vertical, horizontal] = [axis(0), axis(1)];
  return {
    window: {
      kernelHeight: kernel[0],
      kernelWidth: kernel[1],
      strideHeight: strides[0],
      strideWidth: strides[1],
      dilationHeight: dilations[0],
      dilationWidth: dilations[1],
      padding: {
        top: vertical.before,
        bottom: vertical.after,
        left: horizontal.before,
        right: horizontal.after,
      },
    },
    outputHeight: vertical.output,
    outputWidth: horizontal.output,
    declared: [vertical.declared[0], horizontal.declared[0], vertical.declared[1], horizontal.declared[1]],
  };
}

export const kernelShape = (c: OperatorContext, rank: number): [number, number] => {
  if (c.ints('kernel_shape') === undefined) throw c.malformed('lacks its kernel_shape');
  return spatial(c, 'kernel_shape', rank, 1);
};

/** [top, left, bottom, right]. */
function declaredPads(c: OperatorContext, rank: number): readonly [number, number, number, number] {
  const pads = c.ints('pads') ?? new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank || pads.some((n) => !Number.isInteger(n) || Math.abs(n) > 1 << 16))
    throw c.malformed('has invalid pads', `[${pads.slice(0, 8).join(', ')}]`);
  if (pads.some((n) => n < 0)) return c.refuse('its pads are negative');
  return rank === 2 ? [pads[0]!, pads[1]!, pads[2]!, pads[3]!] : [0, pads[0]!, 0, pads[1]!];
}

interface WindowSizes {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

function resolveAxis(
  c: OperatorContext,
  sizes: WindowSizes,
  pads: readonly [number, number],
  ceil: boolean,
): Axis {
  const declared = autoPads(c, sizes, pads);
  const output = outputSize(sizes, declared, ceil);
  if (output < 1)
    throw c.malformed('has a window larger than its input', `kernel ${sizes.kernel}`, `input ${sizes.input}`);
  const needed =
    (output - 1) * sizes.stride + kernelSpan(sizes.kernel, sizes.dilation) - sizes.input - declared[0];
  return { ...sizes, before: declared[0], after: Math.max(0, needed), output, declared };
}

function autoPads(
  c: OperatorContext,
  sizes: WindowSizes,
  pads: readonly [number, number],
): readonly [number, number] {
  const mode = c.text('auto_pad', 'NOTSET');
  if (mode === 'NOTSET') return pads;
  if (mode === 'VALID') return [0, 0];
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') throw c.malformed('has an unknown auto_pad', mode);
  const { before, after } = resolvePadding('same', sizes);
  return mode === 'SAME_UPPER' ? [before, after] : [after, before];
}

function outputSize(sizes: WindowSizes, [before, after]: readonly [number, number], ceil: boolean): number {
  const floor = windowOutput(sizes, before, after);
  if (!ceil) return floor;
  const span = kernelSpan(sizes.kernel, sizes.dilation);
  const output = Math.ceil((sizes.input + before + after - span) / sizes.stride) + 1;
  // A last window that would start in the padding behind is dropped.
  return (output - 1) * sizes.stride >= sizes.input + before ? output - 1 : output;
}

/** True when the Graph's windowed operators can hold the padding themselves: shorter than the kernel. */
export function paddingFits({ window: w }: ResolvedWindow): boolean {
  const { top, bottom, left, right } = w.padding;
  const fits = (span: number, ...pads: readonly number[]) => pads.every((pad) => pad < span);
  return (
    fits(kernelSpan(w.kernelHeight, w.dilationHeight), top, bottom) &&
    fits(kernelSpan(w.kernelWidth, w.dilationWidth), left, right)
  );
}

export const withoutPadding = (window: Window2d): Window2d => ({
  ...window,
  padding: { top: 0, bottom: 0, left: 0, right: 0 },
});

/** An explicit PAD node with zeros around an NHWC tensor. */
export function addPad(
  c: OperatorContext,
  tensor: number,
  [top, left, bottom, right]: readonly [number, number, number, number],
): number {
  const [n, h, w, channels] = c.draft.tensors[tensor]!.shape as [number, number, number, number];
  if (top + bottom + left + right === 0) return tensor;
  return c.draft.addNode(
    { op: 'pad', inputs: [tensor], before: [0, top, left, 0], after: [0, bottom, right, 0] },
    `${c.name}/padded`,
    [n, h + top + bottom, w + left + right, channels],
  );
}

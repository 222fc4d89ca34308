/** Pools and reductions. Semantics: onnx/onnx, docs/Operators.md. */
import { activation, type OperatorContext, type OperatorReader } from '../context.js';
import { commonOrder, NHWC, orderedShape, type View, viewOf } from '../view.js';
import {
  addPad,
  imageTensor,
  imageView,
  kernelShape,
  paddingFits,
  type ResolvedWindow,
  resolveWindow,
  withoutPadding,
} from './window.js';

type PoolOp = 'average_pool2d' | 'max_pool2d';

const addPool = (
  c: OperatorContext,
  op: PoolOp,
  tensor: number,
  channels: number,
  { window, outputHeight, outputWidth }: ResolvedWindow,
): View => {
  const shape = [1, outputHeight, outputWidth, channels];
  const output = c.draft.addNode({ op, inputs: [tensor], window, activation: 'none' }, c.name, shape);
  return viewOf(output, shape, NHWC);
};

const pool =
  (op: PoolOp): OperatorReader =>
  (c) => {
    if (c.node.outputs.length > 1 && c.node.outputs[1] !== '') return c.refuse('it returns indices');
    if (c.int('storage_order', 0) !== 0) return c.refuse('its storage_order is column major');
    const image = imageView(c, 0);
    const rank = c.view(0).dims.length - 2;
    const resolved = resolveWindow(c, image, kernelShape(c, rank), rank);
    const { dilationHeight, dilationWidth } = resolved.window;
    if (dilationHeight > 1 || dilationWidth > 1) return c.refuse('its window is dilated');
    const result = op === 'average_pool2d' ? averagePool(c, image, resolved) : maxPool(c, image, resolved);
    return activation(rank === 1 ? c.reshaped(result, [1, result.dims[1]!, result.dims[3]!]) : result);
  };

function maxPool(c: OperatorContext, image: View, resolved: ResolvedWindow): View {
  if (!paddingFits(resolved)) return c.refuse('its padding is as large as its window');
  return addPool(c, 'max_pool2d', imageTensor(c, image), image.dims[1]!, resolved);
}

/**
 * The Graph's average pool leaves padding out of the count. Where ONNX counts it in (count_include_pad), the
 * padding becomes a PAD node, whose zeros then count.
 */
function averagePool(c: OperatorContext, image: View, resolved: ResolvedWindow): View {
  const { padding } = resolved.window;
  const padded = padding.top + padding.bottom + padding.left + padding.right > 0;
  const tensor = imageTensor(c, image);
  if (!padded || c.int('count_include_pad', 0) === 0) {
    if (!paddingFits(resolved)) return c.refuse('its padding is as large as its window');
    return addPool(c, 'average_pool2d', tensor, image.dims[1]!, resolved);
  }
  const [top, left, bottom, right] = resolved.declared;
  // Beyond the declared padding, where ceil_mode reaches, nothing counts.
  const rest = {
    ...resolved,
    window: {
      ...withoutPadding(resolved.window),
      padding: {
        top: 0,
        left: 0,
        bottom: Math.max(0, padding.bottom - bottom),
        right: Math.max(0, padding.right - right),
      },
    },
  };
  if (!paddingFits(rest)) return c.refuse('its padding is as large as its window');
  const used = [top, left, Math.min(bottom, padding.bottom), Math.min(right, padding.right)] as const;
  return addPool(c, 'average_pool2d', addPad(c, tensor, used), image.dims[1]!, rest);
}

export const averagePool2d = pool('average_pool2d');
export const maxPool2d = pool('max_pool2d');

export const globalAveragePool: OperatorReader = (c) => {
  const view = c.view(0);
  if (view.dims.length < 3) return c.refuse(`its input has ${view.dims.length} dimensions`);
  return addMean(
    c,
    view,
    view.dims.flatMap((_, axis) => (axis < 2 ? [] : [axis])),
    true,
  );
};

export const globalMaxPool: OperatorReader = (c) => {
  const image = imageView(c, 0);
  const [, channels, height, width] = image.dims as [number, number, number, number];
  const window = {
    kernelHeight: height,
    kernelWidth: width,
    strideHeight: height,
    strideWidth: width,
    dilationHeight: 1,
    dilationWidth: 1,
    padding: { top: 0, bottom: 0, left: 0, right: 0 },
  };
  const resolved = { window, outputHeight: 1, outputWidth: 1, declared: [0, 0, 0, 0] as const };
  const result = addPool(c, 'max_pool2d', imageTensor(c, image), channels, resolved);
  return activation(
    c.reshaped(
      result,
      c.view(0).dims.map((size, axis) => (axis < 2 ? size : 1)),
    ),
  );
};

export const reduceMean: OperatorReader = (c) => {
  const view = c.view(0);
  const rank = view.dims.length;
  const axes = c.axes(1, rank);
  if (axes === undefined || axes.length === 0) {
    if (c.int('noop_with_empty_axes', 0) !== 0) return activation(view);
    return addMean(
      c,
      view,
      view.dims.map((_, axis) => axis),
      c.int('keepdims', 1) !== 0,
    );
  }
  return addMean(c, view, axes, c.int('keepdims', 1) !== 0);
};

function addMean(c: OperatorContext, view: View, axes: readonly number[], keepDims: boolean) {
  const order = commonOrder([view]);
  const tensor = c.draft.materialize(view, order, c.node.inputs[0]!);
  const reduced = order.flatMap((axis, position) => (axes.includes(axis) ? [position] : []));
  const shape = orderedShape(view, order);
  const kept = keepDims
    ? shape.map((size, position) => (reduced.includes(position) ? 1 : size))
    : shape.filter((_, position) => !reduced.includes(position));
  const output = c.draft.addNode({ op: 'mean', inputs: [tensor], axes: reduced, keepDims }, c.name, kept);
  if (keepDims) return activation(viewOf(output, kept, order));
  const left = order.filter((axis) => !axes.includes(axis));
  const ranked = [...left].sort((a, b) => a - b);
  return activation(
    viewOf(
      output,
      kept,
      left.map((axis) => ranked.indexOf(axis)),
    ),
  );
}

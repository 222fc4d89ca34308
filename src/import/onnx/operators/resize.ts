/** Resize by nearest neighbours. Semantics: onnx/onnx, docs/Operators.md, "Resize". */
import { activation, type OperatorContext, type OperatorReader } from '../context.js';
import { NHWC, orderedShape, type View, viewOf } from '../view.js';

/** Nearest-neighbour resizing, where its source indices are those of one of the Graph's three conventions. */
export const resize: OperatorReader = (c) => {
  const view = c.view(0);
  const mode = c.text('mode', 'nearest');
  if (mode !== 'nearest') return c.refuse(`its mode is ${mode}`);
  if (view.dims.length !== 4) return c.refuse(`its input has ${view.dims.length} dimensions`);
  const target = resizeTarget(c, view);
  if (target[0] !== view.dims[0] || target[1] !== view.dims[1])
    return c.refuse('it resizes batch or channels');
  const convention = CONVENTIONS.find((candidate) =>
    [2, 3].every((axis) => sameIndices(c, candidate, view.dims[axis]!, target[axis]!, axis)),
  );
  if (convention === undefined)
    return c.refuse(
      `its coordinates (${c.text('coordinate_transformation_mode', 'half_pixel')}, ${c.text('nearest_mode', 'round_prefer_floor')}) follow no supported convention`,
    );
  const tensor = c.draft.materialize(view, NHWC, c.node.inputs[0]!);
  const shape = orderedShape({ ...view, dims: target }, NHWC);
  const output = c.draft.addNode({ op: 'resize_nearest', inputs: [tensor], ...convention }, c.name, shape);
  return activation(viewOf(output, shape, NHWC));
};

const CONVENTIONS = [
  { alignCorners: false, halfPixelCenters: false },
  { alignCorners: false, halfPixelCenters: true },
  { alignCorners: true, halfPixelCenters: false },
] as const;

const MAX_SIDE = 1 << 16;

/** Output dimensions from `sizes` or `scales`, for all axes or those of the attribute `axes`. */
function resizeTarget(c: OperatorContext, view: View): number[] {
  if (c.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    return c.refuse('it keeps the aspect ratio');
  const axes = c.ints('axes')?.map((axis) => c.axis(axis, 4)) ?? [0, 1, 2, 3];
  const sizes = c.integers(3, 'sizes') ?? [];
  const scales = c.integers(2, 'scales') ?? [];
  const given = sizes.length > 0 ? sizes : scales;
  if (given.length !== axes.length)
    throw c.malformed(`has ${given.length} sizes or scales`, undefined, `${axes.length}`);
  const target = [...view.dims];
  for (const [i, axis] of axes.entries())
    target[axis] = sizes.length > 0 ? sizes[i]! : Math.floor(view.dims[axis]! * scales[i]!);
  if (target.some((size) => !(size >= 1 && size <= MAX_SIDE)))
    throw c.malformed('has an impossible size', `[${target.join(', ')}]`);
  return target;
}

/** Whether ONNX reads the same source elements along an axis as the Graph's convention does. */
function sameIndices(
  c: OperatorContext,
  convention: (typeof CONVENTIONS)[number],
  from: number,
  to: number,
  axis: number,
): boolean {
  const scales = c.integers(2, 'scales') ?? [];
  const listed = c.ints('axes')?.map((a) => c.axis(a, 4)) ?? [0, 1, 2, 3];
  const scale = scales[listed.indexOf(axis)] ?? to / from;
  for (let i = 0; i < to; i++)
    if (onnxIndex(c, i, from, to, scale) !== graphIndex(convention, i, from, to)) return false;
  return true;
}

/** reference/resize_nearest_neighbor.h of TensorFlow Lite, in float. */
function graphIndex(convention: (typeof CONVENTIONS)[number], i: number, from: number, to: number): number {
  const f32 = Math.fround;
  const scale = convention.alignCorners && to > 1 ? f32((from - 1) / (to - 1)) : f32(from / to);
  const position = f32(f32(i + (convention.halfPixelCenters ? 0.5 : 0)) * scale);
  return Math.max(
    0,
    Math.min(from - 1, convention.alignCorners ? Math.round(position) : Math.floor(position)),
  );
}

function onnxIndex(c: OperatorContext, i: number, from: number, to: number, scale: number): number {
  const position = sourcePosition(c, i, from, to, scale);
  const index = roundAs(c.text('nearest_mode', 'round_prefer_floor'), position);
  return Math.max(0, Math.min(from - 1, index));
}

function sourcePosition(c: OperatorContext, i: number, from: number, to: number, scale: number): number {
  switch (c.text('coordinate_transformation_mode', 'half_pixel')) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    default:
      return c.refuse(`its coordinates are ${c.text('coordinate_transformation_mode', '')}`);
  }
}

function roundAs(mode: string, x: number): number {
  const down = Math.floor(x);
  switch (mode) {
    case 'floor':
      return down;
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_ceil':
      return x - down >= 0.5 ? down + 1 : down;
    default:
      return x - down > 0.5 ? down + 1 : down;
  }
}

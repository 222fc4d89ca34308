/** PAD, TRANSPOSE, CONCATENATION and RESIZE_NEAREST: axes of the full shape become (h, w, c). */
import type { ConcatenationNode, PadNode, ResizeNearestNode, TransposeNode } from '../../ir/graph.js';
import { unsupported } from '../../support/errors.js';
import { ACTIVATION_BOUNDS, type NetworkReader, push } from './network-reader.js';

export function readPad(reader: NetworkReader, node: PadNode): void {
  const front = node.before.length - 3;
  const amounts = [...node.before.slice(0, Math.max(0, front)), ...node.after.slice(0, Math.max(0, front))];
  if (amounts.some((n) => n !== 0)) throw unsupported('network/pad', 'pads the batch', { where: node.name });
  const [h, w, c] = [0, 1, 2].map((axis) => node.before[axis + front] ?? 0);
  push(reader, node, (inputs, output) => ({
    op: 'pad',
    name: node.name,
    inputs,
    output,
    before: [h!, w!, c!],
  }));
}

/** Only axes longer than 1 matter: each goes where the node sends it; axes of size 1 fill the places left. */
export function readTranspose(reader: NetworkReader, node: TransposeNode): void {
  const from = reader.graph.tensors[node.inputs[0]!]!.shape;
  const to = reader.graph.tensors[node.outputs[0]!]!.shape;
  const placed = [0, 1, 2].map((axis) => {
    const full = axis + to.length - 3;
    return full >= 0 && to[full]! > 1 ? node.permutation[full]! - (from.length - 3) : -1;
  });
  const free = [0, 1, 2].filter((axis) => !placed.includes(axis));
  const permutation = placed.map((axis) => (axis < 0 ? free.shift()! : axis)) as [number, number, number];
  push(reader, node, (inputs, output) => ({ op: 'transpose', name: node.name, inputs, output, permutation }));
}

export function readConcatenation(reader: NetworkReader, node: ConcatenationNode): void {
  const axis = node.axis - (reader.graph.tensors[node.outputs[0]!]!.shape.length - 3);
  if (axis < 0)
    throw unsupported('network/concatenation', 'concatenates along the batch', { where: node.name });
  push(reader, node, (inputs, output) => ({
    op: 'concatenation',
    name: node.name,
    inputs,
    output,
    axis: axis as 0 | 1 | 2,
    bounds: ACTIVATION_BOUNDS[node.activation],
  }));
}

export function readResize(reader: NetworkReader, node: ResizeNearestNode): void {
  const from = reader.shape(reader.at(node.inputs[0]!));
  push(reader, node, (inputs, output) => {
    const to = reader.shape(output);
    const [rows, columns] = [nearestIndices(from[0], to[0], node), nearestIndices(from[1], to[1], node)];
    return { op: 'resize_nearest', name: node.name, inputs, output, rows, columns };
  });
}

/** tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, GetNearestNeighbor, in float. */
function nearestIndices(from: number, to: number, node: ResizeNearestNode): number[] {
  const f32 = Math.fround;
  const scale = node.alignCorners && to > 1 ? f32((from - 1) / (to - 1)) : f32(from / to);
  const offset = node.halfPixelCenters ? 0.5 : 0;
  return Array.from({ length: to }, (_, index) => {
    const position = f32(f32(index + offset) * scale);
    const source = node.alignCorners ? Math.floor(position + 0.5) : Math.floor(position);
    return Math.max(0, Math.min(from - 1, source));
  });
}

/** MEAN over any axes as the layers a plan has: a mean over height and width, or a pooling along one of them. */
import type { StepWindow } from '../../ir/deploy-plan.js';
import type { MeanNode } from '../../ir/graph.js';
import { type NetworkReader, NO_BOUNDS, type Shape3 } from './network-reader.js';

export function readMean(reader: NetworkReader, node: MeanNode): void {
  const input = reader.at(node.inputs[0]!);
  const shape = reader.shape(input);
  const first = reader.graph.tensors[node.inputs[0]!]!.shape.length - 3;
  const reduced = node.axes.map((axis) => axis - first).filter((axis) => axis >= 0 && shape[axis]! > 1);
  const output = reader.output(node);
  const kept = [0, 1, 2].filter((axis) => !reduced.includes(axis));
  const order = [...reduced, ...kept] as [number, number, number];
  const moved = reduced.every((axis) => axis < 2) ? input : transposed(reader, input, order, node.name);
  const result = reduceFront(
    reader,
    moved,
    moved === input ? reduced : reduced.map((_, i) => i),
    node.name,
    output,
  );
  if (result !== output)
    reader.layers.push({ op: 'reshape', name: `${node.name}_shape`, inputs: [result], output });
}

function transposed(reader: NetworkReader, input: number, order: Shape3, name: string): number {
  const from = reader.shape(input);
  const output = reader.tensor(`${name}_transposed`, [from[order[0]]!, from[order[1]]!, from[order[2]]!]);
  reader.layers.push({
    op: 'transpose',
    name: `${name}_transposed`,
    inputs: [input],
    output,
    permutation: order,
  });
  return output;
}

/** Reduces some of (height, width), or all three once the channels were moved in front. */
function reduceFront(
  reader: NetworkReader,
  input: number,
  axes: readonly number[],
  name: string,
  output: number,
): number {
  const [h, w, c] = reader.shape(input);
  if (axes.includes(2)) {
    const flat = reader.tensor(`${name}_flat`, [h * w, c, 1]);
    reader.layers.push({ op: 'reshape', name: `${name}_flat`, inputs: [input], output: flat });
    reader.layers.push({ op: 'mean', name, inputs: [flat], output, bounds: NO_BOUNDS });
    return output;
  }
  const shape: Shape3 = [axes.includes(0) ? 1 : h, axes.includes(1) ? 1 : w, c];
  const same = reader.shape(output).every((size, axis) => size === shape[axis]);
  const target = same ? output : reader.tensor(`${name}_mean`, shape);
  if (shape[0] === 1 && shape[1] === 1)
    reader.layers.push({ op: 'mean', name, inputs: [input], output: target, bounds: NO_BOUNDS });
  else {
    const window = wholeWindow(axes.includes(0) ? h : 1, axes.includes(1) ? w : 1);
    reader.layers.push({
      op: 'average_pool2d',
      name,
      inputs: [input],
      output: target,
      window,
      bounds: NO_BOUNDS,
    });
  }
  return target;
}

const wholeWindow = (height: number, width: number): StepWindow => ({
  kernelHeight: height,
  kernelWidth: width,
  strideHeight: height,
  strideWidth: width,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: 0,
  padLeft: 0,
});

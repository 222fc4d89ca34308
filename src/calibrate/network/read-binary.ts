/** ADD, SUB and MUL, of two maps or with a constant. */
import type { BinaryNode } from '../../ir/graph.js';
import { shapeElements } from '../../ops/graph-shapes.js';
import { unsupported } from '../../support/errors.js';
import { realValues } from './constants.js';
import { ACTIVATION_BOUNDS, type NetworkReader, POINT } from './network-reader.js';

export function readBinary(reader: NetworkReader, node: BinaryNode): void {
  const constant = node.inputs.findIndex((id) => reader.graph.tensors[id]!.data !== undefined);
  if (constant >= 0) {
    readConstantOperand(reader, node, constant as 0 | 1);
    return;
  }
  const [a, b] = node.inputs.map((id) => reader.at(id)) as [number, number];
  const output = reader.output(node);
  const whole = (id: number) => reader.shape(id).every((n, axis) => n === reader.shape(output)[axis]);
  if (node.op === 'sub' && !whole(a))
    throw unsupported('network/broadcast', 'the first operand of a subtraction is broadcast', {
      where: node.name,
    });
  const inputs = whole(a) ? [a, b] : [b, a];
  const [h, w, c] = reader.shape(inputs[1]!);
  const perChannel = h === 1 && w === 1 && (c === 1 || c === reader.shape(output)[2]);
  if (!whole(inputs[0]!) || !(whole(inputs[1]!) || perChannel))
    throw unsupported('network/broadcast', 'an operand is broadcast along some axes only', {
      where: node.name,
    });
  const common = { name: node.name, inputs, output, bounds: ACTIVATION_BOUNDS[node.activation] };
  if (node.op === 'mul') reader.layers.push({ ...common, op: 'mul' });
  else reader.layers.push({ ...common, op: 'add', subtract: node.op === 'sub' });
}

/** x ± constant, constant − x and x · constant as a 1×1 depthwise convolution, which folds where it can. */
function readConstantOperand(reader: NetworkReader, node: BinaryNode, constant: 0 | 1): void {
  const tensor = reader.graph.tensors[node.inputs[constant]!]!;
  const values = realValues(tensor, node.name);
  const input = reader.at(node.inputs[1 - constant]!);
  const output = reader.output(node);
  const channels = reader.shape(output)[2];
  const trailing = tensor.shape.at(-1) ?? 1;
  const fits = values.length === 1 || (values.length === channels && trailing === channels);
  if (!fits || shapeElements(reader.shape(input)) !== shapeElements(reader.shape(output)))
    throw unsupported(
      'network/constant',
      `constant ${tensor.name} is neither one value nor one per channel`,
      {
        where: node.name,
        found: `[${tensor.shape.join(', ')}]`,
      },
    );
  const value = (c: number) => values[values.length === 1 ? 0 : c]!;
  const minus = node.op === 'sub';
  const factor = (c: number) => (node.op === 'mul' ? value(c) : minus && constant === 0 ? -1 : 1);
  const offset = (c: number) => (node.op === 'mul' ? 0 : minus && constant === 1 ? -value(c) : value(c));
  reader.layers.push({
    op: 'depthwise_conv2d',
    name: node.name,
    inputs: [input],
    output,
    bounds: ACTIVATION_BOUNDS[node.activation],
    weights: Float32Array.from({ length: channels }, (_, c) => factor(c)),
    bias: Float32Array.from({ length: channels }, (_, c) => offset(c)),
    window: POINT,
    depthMultiplier: 1,
  });
}

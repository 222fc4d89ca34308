/** Real values of a graph's constants: float data as it is, quantised data de-quantised (numeric contract, "Quantisation"). */
import type { Graph, GraphTensor } from '../../ir/graph.js';
import { unsupported } from '../../support/errors.js';
import { fillWith } from '../../support/typed-arrays.js';

/** Values in the file's order. */
export function realValues(tensor: GraphTensor, where: string): Float32Array {
  const { data, quantization } = tensor;
  if (data === undefined) throw notConstant(tensor, where);
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || quantization === undefined)
    throw unsupported('network/constant', `constant ${tensor.name} is neither float nor quantised`, {
      where,
      found: tensor.dtype,
    });
  const { scale, zeroPoint, axis } = quantization;
  const values = new Float32Array(data.length);
  if (scale.length === 1) return fillWith(values, (i) => (data[i]! - zeroPoint[0]!) * scale[0]!);
  const inner = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  return fillWith(values, (i) => {
    const index = Math.floor(i / inner) % scale.length;
    return (data[i]! - zeroPoint[index]!) * scale[index]!;
  });
}

/**
 * Bias of a weighted node. Integer kernels add it in units of input scale · weight scale, whatever the bias
 * tensor itself says, so that is what it means.
 */
export function realBias(
  graph: Graph,
  inputs: readonly number[],
  channels: number,
  where: string,
): Float32Array {
  const [x, w, b] = inputs;
  if (b === undefined || b === -1) return new Float32Array(channels);
  const bias = graph.tensors[b]!;
  const [inputScale, weightScale] = [graph.tensors[x!]!, graph.tensors[w!]!].map(
    (t) => t.quantization?.scale,
  );
  if (!(bias.data instanceof Int32Array) || inputScale === undefined || weightScale === undefined)
    return Float32Array.from(realValues(bias, where));
  return Float32Array.from(bias.data, (q, c) => q * inputScale[0]! * (weightScale[c] ?? weightScale[0]!));
}

const notConstant = (tensor: GraphTensor, where: string): Error =>
  unsupported('network/constant', `${tensor.name} is computed at run time, where a constant is needed`, {
    where,
  });

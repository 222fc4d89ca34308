/** Scale and zero point of an activation; lowering has checked that both are there. */
import type { GraphTensor } from '../ir/graph.js';

export const scaleOf = (tensor: GraphTensor): number => tensor.quantization!.scale[0]!;
export const zeroPointOf = (tensor: GraphTensor): number => tensor.quantization!.zeroPoint[0]!;
export const sameQuantization = (a: GraphTensor, b: GraphTensor): boolean =>
  scaleOf(a) === scaleOf(b) && zeroPointOf(a) === zeroPointOf(b);

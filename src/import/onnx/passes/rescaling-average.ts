/**
 * An average pool into another scale without rounding in between: a mean where the window is the whole map, else a
 * depthwise convolution of ones with scale 1/area.
 */
import { floatConstant } from '../constant.js';
import type { Draft, DraftNode, DraftNodeOf } from '../draft.js';
import type { StoredTensor } from './integer-constants.js';

/** Undefined for a padded pool, whose windows have no fixed count. Adds its weights to `stored`. */
export function rescalingAverage(
  draft: Draft,
  stored: Map<number, StoredTensor>,
  node: DraftNodeOf<'average_pool2d'>,
): DraftNode | undefined {
  const { inputs, outputs, window, activation } = node;
  const { kernelHeight, kernelWidth, padding: p } = window;
  const shape = draft.tensors[inputs[0]!]!.shape;
  if (p.top + p.bottom + p.left + p.right > 0) return undefined;
  if (shape[1] === kernelHeight && shape[2] === kernelWidth && activation === 'none')
    return { op: 'mean', inputs, outputs, axes: [1, 2], keepDims: true };
  const channels = shape[3]!;
  const area = kernelHeight * kernelWidth;
  const values = new Float32Array(area * channels).fill(1 / area);
  const weights = draft.addConstant(
    `${draft.tensors[outputs[0]!]!.name}/ones`,
    floatConstant(values, [1, kernelHeight, kernelWidth, channels]),
  );
  stored.set(weights, {
    dtype: 'int8',
    quantization: { scale: [Math.fround(1 / area)], zeroPoint: [0], axis: 0 },
    data: new Int8Array(values.length).fill(1),
  });
  return {
    op: 'depthwise_conv2d',
    inputs: [inputs[0]!, weights, -1],
    outputs,
    window,
    depthMultiplier: 1,
    activation,
  };
}

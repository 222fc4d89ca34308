/** A hand-made plan small enough to read: conv2d → depthwise → residual add → reshape → fully connected. */
import {
  type BlobRef,
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanTensor,
  type StepWindow,
} from '../../src/ir/deploy-plan.js';
import { packLanes } from '../../src/numeric/lanes.js';

const window3x3: StepWindow = {
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: 1,
  padLeft: 1,
};

class Blob {
  private readonly bytes: number[] = [];
  add(values: Uint8Array): BlobRef {
    const ref = { offset: this.bytes.length, length: values.length };
    this.bytes.push(...values);
    return ref;
  }
  int32 = (values: readonly number[]): BlobRef => this.add(new Uint8Array(Int32Array.from(values).buffer));
  int8 = (values: readonly number[]): BlobRef => this.add(new Uint8Array(Int8Array.from(values).buffer));
  take = (): Uint8Array => Uint8Array.from(this.bytes);
}

const tensor = (id: number, name: string, shape: PlanTensor['shape']): PlanTensor => ({
  id,
  name,
  shape,
  bits: 8,
  scale: 0.05,
  zeroPoint: id === 0 ? -128 : 3,
});

/** Weights −3…3 in a fixed pattern. */
const weights = (rows: number, rowLength: number): Uint8Array =>
  packLanes(
    Array.from({ length: rows * rowLength }, (_, i) => ((i * 5) % 7) - 3),
    rowLength,
    8,
  );

export function tinyPlan(): DeployPlan {
  const blob = new Blob();
  const constants = (packed: Uint8Array, channels: number) => ({
    weights: blob.add(packed),
    weightBits: 8 as const,
    weightZeroPoint: 0,
    bias: blob.int32(Array.from({ length: channels }, (_, c) => 10 * c - 15)),
    multiplier: blob.int32(Array.from({ length: channels }, (_, c) => 0x40000000 + c)),
    shift: blob.int8(Array.from({ length: channels }, () => -5)),
    clamp: { min: -128, max: 127 },
  });
  const steps: DeployPlan['steps'] = [
    {
      op: 'conv2d',
      name: 'stem',
      inputs: [0],
      output: 1,
      window: { ...window3x3, strideHeight: 2, strideWidth: 2, padTop: 0, padLeft: 0 },
      ...constants(weights(5 * 9, 3), 5),
    },
    {
      op: 'depthwise_conv2d',
      name: 'depthwise',
      inputs: [1],
      output: 2,
      window: window3x3,
      depthMultiplier: 1,
      ...constants(weights(9, 5), 5),
    },
    {
      op: 'add',
      name: 'residual',
      inputs: [2, 1],
      output: 3,
      subtract: false,
      scaling: {
        mode: 'tflm',
        leftShift: 20,
        inputs: [
          { multiplier: 0x40000000, shift: 0 },
          { multiplier: 0x40000000, shift: 0 },
        ],
        output: { multiplier: 0x40000000, shift: -18 },
      },
      clamp: { min: 3, max: 127 },
    },
    { op: 'reshape', name: 'flatten', inputs: [3], output: 4 },
    { op: 'fully_connected', name: 'logits', inputs: [4], output: 5, ...constants(weights(2, 20), 2) },
  ];
  return {
    format: DEPLOY_PLAN_FORMAT,
    version: DEPLOY_PLAN_VERSION,
    name: 'tiny',
    requantization: 'tflm',
    tensors: [
      tensor(0, 'image', [4, 5, 3]),
      tensor(1, 'stem', [2, 2, 5]),
      tensor(2, 'depthwise', [2, 2, 5]),
      tensor(3, 'residual', [2, 2, 5]),
      tensor(4, 'flatten', [1, 1, 20]),
      tensor(5, 'logits', [1, 1, 2]),
    ],
    steps,
    inputs: [{ name: 'image', tensor: 0, dtype: 'uint8' }],
    outputs: [{ name: 'logits', tensor: 5, dtype: 'int8' }],
    weights: blob.take(),
  };
}

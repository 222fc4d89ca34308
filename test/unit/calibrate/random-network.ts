/** One-layer networks with awkward random shapes, for comparing the SIMD kernels with the reference. */

import type { StepWindow } from '../../../src/ir/deploy-plan.js';
import type { FloatLayer, FloatNetwork, FloatOp, FloatTensor } from '../../../src/ir/float-network.js';
import type { Random } from '../../../src/support/random.js';

export type Shape = readonly [number, number, number];

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24];

export function randomValues(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal());
}

function randomBounds(random: Random) {
  return random.pick([
    { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
    { min: 0, max: Number.POSITIVE_INFINITY },
    { min: 0, max: 1.5 },
  ]);
}

function randomWindow(random: Random, shape: Shape): { window: StepWindow; out: readonly [number, number] } {
  const axis = (size: number) => {
    const kernel = random.integer(1, Math.min(5, size + 1));
    const dilation = random.pick([1, 1, 2]);
    const span = (kernel - 1) * dilation + 1;
    const stride = random.integer(1, 3);
    const before = random.integer(0, span - 1);
    const after = random.integer(Math.max(0, span - size - before), span - 1);
    return { kernel, dilation, stride, before, out: Math.floor((size + before + after - span) / stride) + 1 };
  };
  const [v, h] = [axis(shape[0]), axis(shape[1])];
  const window = {
    kernelHeight: v.kernel,
    kernelWidth: h.kernel,
    strideHeight: v.stride,
    strideWidth: h.stride,
    dilationHeight: v.dilation,
    dilationWidth: h.dilation,
    padTop: v.before,
    padLeft: h.before,
  };
  return { window, out: [Math.max(1, v.out), Math.max(1, h.out)] };
}

/** A network of one random layer of the given operator. */
export function randomLayerNetwork(random: Random, op: FloatOp): FloatNetwork {
  const c = random.pick(CHANNELS);
  const shape: Shape = [random.integer(1, 9), random.integer(1, 9), c];
  const bounds = randomBounds(random);
  const one = (layer: FloatLayer, inputs: readonly Shape[], out: Shape) => network(layer, inputs, out);
  const base = { name: 'layer', inputs: [0], output: 1, bounds };
  switch (op) {
    case 'conv2d': {
      const { window, out } = randomWindow(random, shape);
      const oc = random.pick(CHANNELS);
      const weights = randomValues(random, oc * window.kernelHeight * window.kernelWidth * c);
      return one({ ...base, op, window, weights, bias: randomValues(random, oc) }, [shape], [...out, oc]);
    }
    case 'depthwise_conv2d': {
      const { window, out } = randomWindow(random, shape);
      const depthMultiplier = random.pick([1, 1, 1, 2, 3]);
      const oc = c * depthMultiplier;
      const weights = randomValues(random, window.kernelHeight * window.kernelWidth * oc);
      const bias = randomValues(random, oc);
      return one({ ...base, op, window, depthMultiplier, weights, bias }, [shape], [...out, oc]);
    }
    case 'fully_connected': {
      const oc = random.pick(CHANNELS);
      const weights = randomValues(random, oc * shape[0] * shape[1] * c);
      return one({ ...base, op, weights, bias: randomValues(random, oc) }, [shape], [1, 1, oc]);
    }
    case 'add':
    case 'mul': {
      const second = random.pick<Shape>([shape, [1, 1, c], [1, 1, 1]]);
      const common = { ...base, inputs: [0, 1], output: 2 };
      const layer =
        op === 'mul' ? { ...common, op } : { ...common, op, subtract: random.integer(0, 1) === 1 };
      return one(layer, [shape, second], shape);
    }
    case 'average_pool2d':
    case 'max_pool2d': {
      const { window, out } = randomWindow(random, shape);
      return one(
        { ...base, op, window: { ...window, dilationHeight: 1, dilationWidth: 1 } },
        [shape],
        [...out, c],
      );
    }
    case 'mean':
      return one({ ...base, op }, [shape], [1, 1, c]);
    case 'clip':
      return one({ ...base, op }, [shape], shape);
    case 'reshape':
      return one({ name: 'layer', inputs: [0], output: 1, op }, [shape], [1, 1, shape[0] * shape[1] * c]);
    default:
      throw new Error(`no sample for ${op}`);
  }
}

function network(layer: FloatLayer, inputs: readonly Shape[], out: Shape): FloatNetwork {
  const tensors: FloatTensor[] = [...inputs, out].map((shape, id) => ({
    id,
    name: `t${id}`,
    shape,
    graphTensor: -1,
  }));
  return {
    name: 'one-layer',
    tensors,
    layers: [layer],
    inputs: inputs.map((_, tensor) => ({ name: `in${tensor}`, tensor, dtype: 'float32' })),
    outputs: [{ name: 'out', tensor: inputs.length, dtype: 'float32' }],
  };
}

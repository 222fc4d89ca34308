/** Random small float networks: convolutions, residuals, pools and pads, then a mean and scores; and samples for them. */
import type { StepWindow } from '../../src/ir/deploy-plan.js';
import type {
  FloatLayer,
  FloatNetwork,
  FloatSample,
  FloatTensor,
  RealBounds,
} from '../../src/ir/float-network.js';
import type { Random } from '../../src/support/random.js';

const BOUNDS: readonly RealBounds[] = [
  { min: 0, max: Number.POSITIVE_INFINITY },
  { min: 0, max: 6 },
  { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
];
const OPEN = BOUNDS[2]!;

class Builder {
  readonly tensors: FloatTensor[] = [];
  readonly layers: FloatLayer[] = [];

  constructor(readonly random: Random) {}

  tensor(shape: readonly [number, number, number]): FloatTensor {
    const id = this.tensors.length;
    const tensor = { id, name: `map_${id}`, shape, graphTensor: -1 };
    this.tensors.push(tensor);
    return tensor;
  }

  values(count: number, fanIn: number): Float32Array {
    return Float32Array.from({ length: count }, () => (this.random.normal() * 1.5) / Math.sqrt(fanIn));
  }

  /** Stride 1 or 2, padding as if "same", sometimes less. */
  window(
    shape: readonly [number, number, number],
    kernel: number,
  ): { window: StepWindow; out: [number, number] } {
    const stride = this.random.integer(1, 2);
    const pad = this.random.integer(0, 3) === 0 ? 0 : (kernel - 1) >> 1;
    const out = shape.slice(0, 2).map((size) => Math.floor((size + 2 * pad - kernel) / stride) + 1);
    const window = {
      kernelHeight: kernel,
      kernelWidth: kernel,
      strideHeight: stride,
      strideWidth: stride,
      dilationHeight: 1,
      dilationWidth: 1,
      padTop: pad,
      padLeft: pad,
    };
    return { window, out: [out[0]!, out[1]!] };
  }
}

type Grow = (b: Builder, x: FloatTensor, name: string) => FloatLayer | undefined;

const conv: Grow = (b, x, name) => {
  const { window, out } = b.window(x.shape, b.random.pick([1, 3, 3]));
  const channels = b.random.integer(2, 9);
  const fanIn = window.kernelHeight * window.kernelWidth * x.shape[2];
  return {
    op: 'conv2d',
    name,
    inputs: [x.id],
    output: b.tensor([...out, channels]).id,
    bounds: b.random.pick(BOUNDS),
    window,
    weights: b.values(channels * fanIn, fanIn),
    bias: b.values(channels, 9),
  };
};

const depthwise: Grow = (b, x, name) => {
  const { window, out } = b.window(x.shape, 3);
  const channels = x.shape[2];
  return {
    op: 'depthwise_conv2d',
    name,
    inputs: [x.id],
    output: b.tensor([...out, channels]).id,
    bounds: b.random.pick(BOUNDS),
    window,
    depthMultiplier: 1,
    weights: b.values(9 * channels, 9),
    bias: b.values(channels, 9),
  };
};

const pool: Grow = (b, x, name) => {
  const { window, out } = b.window(x.shape, 2);
  const op = b.random.pick(['average_pool2d', 'max_pool2d'] as const);
  return { op, name, inputs: [x.id], output: b.tensor([...out, x.shape[2]]).id, bounds: OPEN, window };
};

const residual: Grow = (b, x, name) => {
  const partner = b.tensors.find(
    (t) => t.id !== x.id && t.id > 0 && t.shape.every((size, axis) => size === x.shape[axis]),
  );
  if (partner === undefined) return undefined;
  const output = b.tensor(x.shape).id;
  return {
    op: 'add',
    name,
    inputs: [x.id, partner.id],
    output,
    subtract: false,
    bounds: b.random.pick(BOUNDS),
  };
};

const GROW: readonly Grow[] = [conv, conv, conv, depthwise, depthwise, pool, residual, residual];

/** 3–8 layers on an input of 8–20 pixels a side, then the mean and a fully connected layer of 5 scores. */
export function randomFloatNetwork(random: Random): FloatNetwork {
  const b = new Builder(random);
  const input = b.tensor([random.integer(8, 20), random.integer(8, 20), random.integer(1, 4)]);
  const count = random.integer(3, 8);
  let x = input;
  for (let tries = 0; b.layers.length < count && tries < 50; tries++) {
    if (Math.min(x.shape[0], x.shape[1]) < 4) break;
    const layer = random.pick(GROW)(b, x, `layer_${b.layers.length}`);
    if (layer === undefined) continue;
    b.layers.push(layer);
    x = b.tensors[layer.output]!;
  }
  const channels = x.shape[2];
  const mean = b.tensor([1, 1, channels]);
  b.layers.push({ op: 'mean', name: 'mean', inputs: [x.id], output: mean.id, bounds: OPEN });
  const scores = b.tensor([1, 1, 5]);
  b.layers.push({
    op: 'fully_connected',
    name: 'scores',
    inputs: [mean.id],
    output: scores.id,
    bounds: OPEN,
    weights: b.values(5 * channels, 1),
    bias: b.values(5, 9),
  });
  return {
    name: 'random',
    tensors: b.tensors,
    layers: b.layers,
    inputs: [{ name: 'in', tensor: input.id, dtype: 'float32' }],
    outputs: [{ name: 'out', tensor: scores.id, dtype: 'float32' }],
  };
}

export const randomFloatSamples = (network: FloatNetwork, random: Random, count: number): FloatSample[] => {
  const [height, width, channels] = network.tensors[network.inputs[0]!.tensor]!.shape;
  return Array.from({ length: count }, () => [
    Float32Array.from({ length: height * width * channels }, () => random.normal()),
  ]);
};

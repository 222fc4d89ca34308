/** Float layers as calls of the WASM kernels; rare operators run in TypeScript on the same memory. */
import type {
  FloatLayer,
  FloatLayerOf,
  FloatNetwork,
  FloatOp,
  WeightedFloatLayer,
} from '../ir/float-network.js';
import { floatElements, floatReference } from '../ops/float-reference.js';
import type { FloatKernels, FloatMemory } from './float-kernels.js';
import { PANEL_COLUMNS, STRIP_ROWS } from './float-kernels.js';
import { packPanels, padTo } from './pack-float.js';

export interface RunnerState {
  readonly network: FloatNetwork;
  readonly kernels: FloatKernels;
  readonly memory: FloatMemory;
  /** Address of every tensor's map. */
  readonly addresses: readonly number[];
}

export interface LayerProgram {
  run(): void;
  setWeights?(weights: Float32Array, bias: Float32Array): void;
}

type Prepare<K extends FloatOp> = (layer: FloatLayerOf<K>, state: RunnerState) => LayerProgram;

/** Operators with a kernel; the others run as the reference does. */
const PREPARE: { readonly [K in FloatOp]?: Prepare<K> } = {
  conv2d: prepareConv2d,
  depthwise_conv2d: prepareDepthwise,
  fully_connected: prepareFullyConnected,
  add: prepareBinary,
  mul: prepareBinary,
  average_pool2d: preparePool,
  max_pool2d: preparePool,
  mean: prepareMean,
  reshape: (layer, state) => copyOf(layer, state, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  clip: (layer, state) => copyOf(layer, state, layer.bounds.min, layer.bounds.max),
};

export function prepareLayer(layer: FloatLayer, state: RunnerState): LayerProgram {
  const prepare = PREPARE[layer.op] as Prepare<FloatOp> | undefined;
  return prepare === undefined ? interpreted(layer, state) : prepare(layer as never, state);
}

const address = (state: RunnerState, id: number): number => state.addresses[id]!;
const shape = (state: RunnerState, id: number) => state.network.tensors[id]!.shape;
const count = (state: RunnerState, id: number): number => floatElements(state.network.tensors[id]!);

function interpreted(layer: FloatLayer, state: RunnerState): LayerProgram {
  const map = (id: number) => state.memory.view(address(state, id), count(state, id));
  const context = { tensors: state.network.tensors, map };
  return { run: () => map(layer.output).set(floatReference(layer, context)) };
}

function copyOf(layer: FloatLayer, state: RunnerState, min: number, max: number): LayerProgram {
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const elements = count(state, layer.output);
  return { run: () => state.kernels.clamp(x, out, elements, min, max) };
}

/** Panels and padded bias of a product; `depth` inputs per output channel. */
function panels(layer: WeightedFloatLayer, state: RunnerState, channels: number, depth: number) {
  const columns = padTo(channels, PANEL_COLUMNS);
  const weights = state.memory.floats(columns * depth);
  const bias = state.memory.floats(columns);
  const setWeights = (w: Float32Array, b: Float32Array): void => {
    packPanels(w, channels, depth, state.memory.view(weights, columns * depth));
    state.memory.view(bias, channels).set(b);
  };
  setWeights(layer.weights, layer.bias);
  return { weights, bias, setWeights };
}

/** Gathered pixels stay within the second-level cache. */
const STRIP_BYTES = 96 * 1024;

function prepareConv2d(layer: FloatLayerOf<'conv2d'>, state: RunnerState): LayerProgram {
  const [ih, iw, ic] = shape(state, layer.inputs[0]!);
  const [oh, ow, oc] = shape(state, layer.output);
  const { kernelHeight: kh, kernelWidth: kw } = layer.window;
  const depth = kh * kw * ic;
  const packed = panels(layer, state, oc, depth);
  const fitting = padTo(Math.max(1, Math.floor(STRIP_BYTES / (4 * depth))), STRIP_ROWS);
  const strip = Math.min(fitting, padTo(oh * ow, STRIP_ROWS));
  const scratch = state.memory.floats(strip * depth);
  const zeros = state.memory.floats(ic);
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const w = layer.window;
  const { min, max } = layer.bounds;
  return {
    setWeights: packed.setWeights,
    run: () =>
      state.kernels.conv2d(
        x,
        packed.weights,
        packed.bias,
        out,
        scratch,
        zeros,
        strip,
        ih,
        iw,
        ic,
        oh,
        ow,
        oc,
        kh,
        kw,
        w.strideHeight,
        w.strideWidth,
        w.dilationHeight,
        w.dilationWidth,
        w.padTop,
        w.padLeft,
        min,
        max,
      ),
  };
}

function prepareDepthwise(layer: FloatLayerOf<'depthwise_conv2d'>, state: RunnerState): LayerProgram {
  const [ih, iw, ic] = shape(state, layer.inputs[0]!);
  const [oh, ow, oc] = shape(state, layer.output);
  const weights = state.memory.floats(layer.weights.length);
  const bias = state.memory.floats(oc);
  const setWeights = (values: Float32Array, biases: Float32Array): void => {
    state.memory.view(weights, values.length).set(values);
    state.memory.view(bias, oc).set(biases);
  };
  setWeights(layer.weights, layer.bias);
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const { window: w, bounds, depthMultiplier } = layer;
  return {
    setWeights,
    run: () =>
      state.kernels.depthwiseConv2d(
        x,
        weights,
        bias,
        out,
        ih,
        iw,
        ic,
        oh,
        ow,
        depthMultiplier,
        w.kernelHeight,
        w.kernelWidth,
        w.strideHeight,
        w.strideWidth,
        w.dilationHeight,
        w.dilationWidth,
        w.padTop,
        w.padLeft,
        bounds.min,
        bounds.max,
      ),
  };
}

/** One output pixel: the input fills lane 0 of one strip. */
function prepareFullyConnected(layer: FloatLayerOf<'fully_connected'>, state: RunnerState): LayerProgram {
  const channels = layer.bias.length;
  const depth = count(state, layer.inputs[0]!);
  const packed = panels(layer, state, channels, depth);
  const scratch = state.memory.floats(depth * STRIP_ROWS);
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const { min, max } = layer.bounds;
  return {
    setWeights: packed.setWeights,
    run: () => {
      const strip = state.memory.view(scratch, depth * STRIP_ROWS);
      state.memory.view(x, depth).forEach((value, k) => {
        strip[k * STRIP_ROWS] = value;
      });
      state.kernels.gemm(scratch, packed.weights, packed.bias, out, 1, channels, depth, min, max);
    },
  };
}

function prepareBinary(layer: FloatLayerOf<'add' | 'mul'>, state: RunnerState): LayerProgram {
  const [a, b] = [layer.inputs[0]!, layer.inputs[1]!];
  const [total, period] = [count(state, layer.output), count(state, b)];
  const [x, y, out] = [address(state, a), address(state, b), address(state, layer.output)];
  const { min, max } = layer.bounds;
  const call = (second: number, length: number): void => {
    if (layer.op === 'mul') state.kernels.multiply(x, second, out, total, length, min, max);
    else state.kernels.add(x, second, out, total, length, layer.subtract ? -1 : 1, min, max);
  };
  if (period === total || period % 4 === 0) return { run: () => call(y, period) };
  // Vectors cannot step through such a period: the operand is written out in full.
  const expanded = state.memory.floats(total);
  return {
    run: () => {
      const short = state.memory.view(y, period);
      const long = state.memory.view(expanded, total);
      for (let at = 0; at < total; at += period) long.set(short, at);
      call(expanded, total);
    },
  };
}

function preparePool(layer: FloatLayerOf<'average_pool2d' | 'max_pool2d'>, state: RunnerState): LayerProgram {
  const [ih, iw, ic] = shape(state, layer.inputs[0]!);
  const [oh, ow] = shape(state, layer.output);
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const { window: w, bounds } = layer;
  const kernel = layer.op === 'max_pool2d' ? state.kernels.maxPool2d : state.kernels.averagePool2d;
  return {
    run: () =>
      kernel(
        x,
        out,
        ih,
        iw,
        ic,
        oh,
        ow,
        w.kernelHeight,
        w.kernelWidth,
        w.strideHeight,
        w.strideWidth,
        w.dilationHeight,
        w.dilationWidth,
        w.padTop,
        w.padLeft,
        bounds.min,
        bounds.max,
      ),
  };
}

/** An average pooling with one window. */
function prepareMean(layer: FloatLayerOf<'mean'>, state: RunnerState): LayerProgram {
  const [ih, iw, ic] = shape(state, layer.inputs[0]!);
  const [x, out] = [address(state, layer.inputs[0]!), address(state, layer.output)];
  const { min, max } = layer.bounds;
  return {
    run: () => state.kernels.averagePool2d(x, out, ih, iw, ic, 1, 1, ih, iw, 1, 1, 1, 1, 0, 0, min, max),
  };
}

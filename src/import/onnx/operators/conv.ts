/** Conv: standard, depthwise and grouped convolutions. Semantics: onnx/onnx, docs/Operators.md, "Conv". */
import { allocate, type Constant, transposeConstant } from '../constant.js';
import { activation, type OperatorContext, type OperatorReader } from '../context.js';
import { NHWC, type View, viewOf } from '../view.js';
import {
  addPad,
  imageTensor,
  imageView,
  paddingFits,
  type ResolvedWindow,
  resolveWindow,
  withoutPadding,
} from './window.js';

export const conv: OperatorReader = (c) => {
  const image = imageView(c, 0);
  const rank = c.view(0).dims.length - 2;
  const weights = imageWeights(c, rank);
  const [filters, depth, height, width] = weights.dims as [number, number, number, number];
  const channels = image.dims[1]!;
  const groups = c.int('group', 1);
  if (groups < 1 || depth * groups !== channels || filters % groups !== 0)
    throw c.malformed(
      `has weights [${weights.dims.join(', ')}] in ${groups} group(s) for ${channels} channels`,
    );
  const kernel = c.ints('kernel_shape');
  if (kernel !== undefined && kernel.join() !== weights.dims.slice(4 - rank).join())
    throw c.malformed('has a kernel_shape that its weights contradict', `[${kernel.join(', ')}]`);
  const resolved = resolveWindow(c, image, [height, width], rank);
  const result = addConvolution(c, image, weights, groups, resolved);
  return activation(rank === 1 ? dropHeight(c, result) : result);
};

const dropHeight = (c: OperatorContext, { ...view }: View): View =>
  c.reshaped(view, [view.dims[0]!, view.dims[1]!, view.dims[3]!]);

/** Weights [M, C/group, kH, kW]; those of a sequence get height 1. */
function imageWeights(c: OperatorContext, rank: number): Constant {
  const weights = c.constant(1, 'weights');
  if (weights.dims.length !== rank + 2) throw c.malformed(`has weights of ${weights.dims.length} dimensions`);
  return rank === 2
    ? weights
    : c.reshapedConstant(weights, [weights.dims[0]!, weights.dims[1]!, 1, weights.dims[2]!]);
}

function addConvolution(
  c: OperatorContext,
  image: View,
  weights: Constant,
  groups: number,
  resolved: ResolvedWindow,
): View {
  const filters = weights.dims[0]!;
  const channels = image.dims[1]!;
  const fits = paddingFits(resolved);
  const tensor = imageTensor(c, image);
  const input = fits ? tensor : addPad(c, tensor, resolved.declared);
  const window = fits ? resolved.window : withoutPadding(resolved.window);
  const bias = biasOf(c, filters);
  const shape = [image.dims[0]!, resolved.outputHeight, resolved.outputWidth, filters];
  const add = (values: Constant) => c.draft.addConstant(c.node.inputs[1]!, values);
  // One group of one channel is an ordinary convolution, as TensorFlow makes it.
  const output =
    groups > 1 && groups === channels
      ? c.draft.addNode(
          {
            op: 'depthwise_conv2d',
            inputs: [input, add(transposeConstant(weights, [1, 2, 3, 0])), bias],
            window,
            depthMultiplier: filters / channels,
            activation: 'none',
          },
          c.name,
          shape,
        )
      : c.draft.addNode(
          {
            op: 'conv2d',
            inputs: [input, add(transposeConstant(spreadGroups(c, weights, groups), NHWC)), bias],
            window,
            activation: 'none',
          },
          c.name,
          shape,
        );
  return viewOf(output, shape, NHWC);
}

function biasOf(c: OperatorContext, filters: number): number {
  const bias = c.optionalConstant(2, 'bias');
  if (bias === undefined) return -1;
  if (bias.data.length !== filters || bias.dims.length !== 1)
    throw c.malformed(`has a bias of shape [${bias.dims.join(', ')}]`, undefined, `[${filters}]`);
  return c.draft.addConstant(c.node.inputs[2]!, bias);
}

/**
 * Weights of an ordinary convolution that does the same as a grouped one: [M, C/g, kH, kW] → [M, C, kH, kW] with
 * zeros wherever a filter does not see a channel. A Graph has no operator that takes channels apart, so that the
 * groups cannot become convolutions of their own; the multiplications by zero are the price.
 */
function spreadGroups(c: OperatorContext, weights: Constant, groups: number): Constant {
  if (groups === 1) return weights;
  const [filters, depth, height, width] = weights.dims as [number, number, number, number];
  const taps = height * width;
  const channels = depth * groups;
  c.draft.charge(filters * channels * taps, `${c.label} with its ${groups} groups`);
  const spread = (data: Constant['data'], type: Constant['type'], zero: (filter: number) => number) => {
    const out = allocate(type, filters * channels * taps);
    for (let filter = 0; filter < filters; filter++) {
      const first = Math.floor(filter / (filters / groups)) * depth;
      out.fill(zero(filter), filter * channels * taps, (filter + 1) * channels * taps);
      out.set(
        data.subarray(filter * depth * taps, (filter + 1) * depth * taps),
        (filter * channels + first) * taps,
      );
    }
    return out;
  };
  const dims = [filters, channels, height, width];
  const plain = { dims, type: weights.type, data: spread(weights.data, weights.type, () => 0) };
  if (weights.stored === undefined) return plain;
  const { data, quantization: q } = weights.stored;
  if (q.scale.length > 1 && q.axis !== 0) return c.refuse('its weights are quantised per input channel');
  const zero = (filter: number) => q.zeroPoint[q.zeroPoint.length > 1 ? filter : 0]!;
  return { ...plain, stored: { data: spread(data, q.type, zero), quantization: q } };
}

/**
 * BatchNormalization at inference: x · scale + shift per channel, with scale = gamma / √(variance + epsilon).
 * Folded into the convolution in front, or made a depthwise convolution, once the whole network is known.
 */
export const batchNormalization: OperatorReader = (c) => {
  if (c.int('training_mode', 0) !== 0)
    return c.refuse('it is in training mode; export the network for inference');
  const view = c.view(0);
  if (view.dims.length < 2) return c.refuse(`its input has ${view.dims.length} dimension(s)`);
  const channels = view.dims[1]!;
  const parameters = ['scale', 'bias', 'mean', 'variance'].map((what, i) => c.constant(i + 1, what));
  const bad = parameters.find((constant) => constant.data.length !== channels);
  if (bad !== undefined) throw c.malformed(`has ${bad.data.length} values for ${channels} channels`);
  const [gamma, beta, mean, variance] = parameters.map((constant) => constant.data);
  const epsilon = c.float('epsilon', 1e-5);
  const scale = Float64Array.from(gamma!, (g, i) => g / Math.sqrt(variance![i]! + epsilon));
  const shift = Float64Array.from(beta!, (b, i) => b - mean![i]! * scale[i]!);
  const spatial = view.dims.slice(2).reduce((a, b) => a * b, 1);
  const image = view.dims.length === 4 ? view : c.reshaped(view, [view.dims[0]!, channels, 1, spatial]);
  const shape = [image.dims[0]!, image.dims[2]!, image.dims[3]!, channels];
  const output = c.draft.addNode(
    { op: 'affine', inputs: [imageTensor(c, image)], scale, shift },
    c.name,
    shape,
  );
  return activation(c.reshaped(viewOf(output, shape, NHWC), view.dims));
};

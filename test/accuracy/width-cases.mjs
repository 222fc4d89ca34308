/** The networks of `npm run accuracy:widths`, their data and the bit assignments that are tried on each. */

export const PAIRS = [8, 4, 2].flatMap((a) => [8, 4, 2].map((w) => `a${a}w${w}`));

export const NETWORKS = {
  resnet8: {
    ...{ model: 'ic_resnet8_float.tflite', calib: 'cifar10_calib', test: 'cifar10_test' },
    recipe: { preset: 'stretch', values: { scale: 1 } },
    variants: ['a4w8, residual and pooled maps at 8'],
  },
  resnet_large: {
    ...{ model: 'ic_resnet_large_float.tflite', calib: 'cifar10_calib', test: 'cifar10_test' },
    recipe: { preset: 'stretch', values: { scale: 1 } },
    variants: [],
  },
  vww: {
    ...{ model: 'vww_96_float.tflite', calib: 'vww_calib', test: 'vww_test' },
    recipe: { preset: 'stretch', values: { scale: 1 / 255 } },
    variants: [],
  },
  mcunet_vww: {
    ...{ model: 'mcunet_vww_80_int8.tflite', calib: 'vww_calib', test: 'vww_test' },
    recipe: { preset: 'stretch', values: { scale: 1 / 127.5, mean: [1] } },
    variants: [],
  },
  kws: {
    // int8 features; the network takes (q − 83) · 0.584703, and x is q + 128.
    ...{ model: 'kws_dscnn_float.tflite', test: 'kws_test', split: 100 },
    recipe: { preset: 'stretch', values: { scale: 0.584703, mean: [211 * 0.584703], rawType: 'int8' } },
    variants: [],
  },
  mobilenet_v1: {
    ...{ model: 'mobilenet_v1_0.25_128_float.tflite', calib: 'imagenet_calib', test: 'imagenet_val300' },
    recipe: { preset: 'imagenet-background', values: { scale: 1 / 127.5, mean: [1] } },
    variants: ['a8w4, depthwise and stem weights at 8', 'a4w8, first three maps at 8'],
  },
  mobilenet_v2: {
    ...{
      model: 'mobilenet_v2_1.0_224_ptq_perchannel.tflite',
      calib: 'imagenet_calib',
      test: 'imagenet_val300',
    },
    recipe: { preset: 'imagenet-background', values: {} },
    variants: ['a8w4, depthwise and stem weights at 8', 'a4w8, linear maps and depthwise inputs at 8'],
  },
};

/** Assignments by label for a network. */
export function variantsOf(network) {
  const name = (id) => network.tensors[id].name;
  const eight = (names) => Object.fromEntries([...new Set(names)].map((n) => [n, 8]));
  const uniform = (pair) => {
    const [, activations, weights] = /^a(\d)w(\d)$/.exec(pair);
    return {
      defaultActivationBits: Number(activations),
      defaultWeightBits: Number(weights),
      activations: {},
      weights: {},
    };
  };
  const inner = network.layers.filter((l) => l.op !== 'softmax');
  const maps = network.tensors.slice(network.inputs.length);
  const adds = inner.filter((l) => l.op === 'add').flatMap((l) => [...l.inputs, l.output]);
  const pools = inner.filter((l) => l.op === 'mean' || l.op.endsWith('pool2d')).map((l) => l.output);
  const depthwise = inner.filter((l) => l.op === 'depthwise_conv2d');
  const linear = inner.filter((l) => l.bounds === undefined || l.bounds.min < 0).map((l) => l.output);
  return {
    uniform,
    'a4w8, residual and pooled maps at 8': {
      ...uniform('a4w8'),
      activations: eight([...adds, ...pools].map(name)),
    },
    'a8w4, depthwise and stem weights at 8': {
      ...uniform('a8w4'),
      weights: eight([network.layers[0].name, ...depthwise.map((l) => l.name)]),
    },
    'a4w8, first three maps at 8': {
      ...uniform('a4w8'),
      activations: eight(maps.slice(0, 3).map((t) => t.name)),
    },
    'a4w8, linear maps and depthwise inputs at 8': {
      ...uniform('a4w8'),
      activations: eight([...linear, ...depthwise.map((l) => l.inputs[0])].map(name)),
    },
  };
}

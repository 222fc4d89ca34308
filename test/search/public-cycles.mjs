/**
 * What an int8 plan's convolutions and fully connected layers would take on a Cortex-M4 at CMSIS-NN's published cycles
 * per MAC (src/targets/public-kernels.ts), each by the published shape nearest to it. Other operators count nothing.
 */
import { stepMacs } from '../../dist/index.js';
import { publicKernels } from '../../dist/targets/public-kernels.js';

const LIBRARY = 'CMSIS-NN s8';
const cyclesPerMac = (shape) => publicKernels(shape).find(({ library }) => library === LIBRARY).cyclesPerMac;

/** By input channels: the fewer, the more requantisation weighs. */
const POINTWISE = [
  [16, '1x1 48x48x16->96'],
  [32, '1x1 12x12x32->192'],
  [96, '1x1 24x24x96->24'],
  [576, '1x1 6x6x576->96'],
];

/** Channels of an image: the layer has no neighbouring words to load. */
const IMAGE_CHANNELS = 4;

export function nearestShape(op, { kernel, stride, inputChannels }) {
  if (op === 'fully_connected') return 'fc 1280->100';
  if (op === 'depthwise_conv2d') return `dw 3x3 s${stride > 1 ? 2 : 1} 24x24x96`;
  if (inputChannels <= IMAGE_CHANNELS) return 'first 3x3 s2 96x96x3->16';
  if (kernel > 1) return '3x3 16x16x32->32';
  const distance = ([channels]) => Math.abs(Math.log(channels / inputChannels));
  return POINTWISE.reduce((a, b) => (distance(b) < distance(a) ? b : a))[1];
}

const WEIGHTED = ['conv2d', 'depthwise_conv2d', 'fully_connected'];

export function publicCycles(plan) {
  return plan.steps
    .filter(({ op }) => WEIGHTED.includes(op))
    .reduce(
      (sum, step) => sum + stepMacs(step, plan) * cyclesPerMac(nearestShape(step.op, windowOf(step, plan))),
      0,
    );
}

function windowOf({ window, inputs }, plan) {
  const inputChannels = plan.tensors[inputs[0]].shape.at(-1);
  return { kernel: window?.kernelHeight, stride: window?.strideHeight, inputChannels };
}

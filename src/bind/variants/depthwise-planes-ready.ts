/** Depthwise convolutions over planes that the convolution before has written: nothing is taken apart, no scratch. */
import { bindReadyPlanes } from './depthwise-planes.js';
import { readPlanes } from './planes-link.js';
import type { KernelVariant } from './variant.js';

export const DEPTHWISE_PLANES_READY: KernelVariant<'depthwise_conv2d'> = {
  name: 'planesready',
  op: 'depthwise_conv2d',
  feature: 'dsp',
  applies: (step, plan) => (readPlanes(step, plan) === undefined ? 'no planes before it' : undefined),
  memory: () => ({ scratchBytes: 0, inPlaceInputs: [], alias: false }),
  bind: (step, context) => bindReadyPlanes(step, context, readPlanes(step, context.plan)!),
};

/**
 * THE table from operator to portable C kernel: adding an operator adds a row here and a file in
 * firmware-templates/kernels. Faster kernels for some of an operator's steps stand in variants/index.ts.
 */
import type { Step, StepOp } from '../ir/deploy-plan.js';
import type { BindContext, BoundOp, StepBinder } from './bound-op.js';
import { stepMemory } from './step-memory.js';
import * as plain from './unweighted.js';
import type { ChosenKernel } from './variants/chosen-kernel.js';
import { bindCrop, stageOperands } from './views.js';
import { bindConv2d, bindDepthwiseConv2d, bindFullyConnected } from './weighted.js';

export const STEP_BINDERS = {
  conv2d: bindConv2d,
  depthwise_conv2d: bindDepthwiseConv2d,
  fully_connected: bindFullyConnected,
  add: plain.bindAdd,
  mul: plain.bindMul,
  average_pool2d: plain.bindAveragePool2d,
  max_pool2d: plain.bindMaxPool2d,
  mean: plain.bindMean,
  pad: plain.bindPad,
  reshape: plain.bindReshape,
  transpose: plain.bindTranspose,
  concatenation: plain.bindConcatenation,
  softmax: plain.bindSoftmax,
  lookup: plain.bindLookup,
  requantize: plain.bindRequantize,
  resize_nearest: plain.bindResizeNearest,
  crop: bindCrop,
} as const satisfies { readonly [K in StepOp]: StepBinder<K> };

/** Binds one step by the kernel chosen for it; operands that kernels cannot reach pass through scratch. */
export function bindStep(step: Step, kernel: ChosenKernel, context: BindContext): BoundOp {
  const binder = kernel.variant?.bind ?? STEP_BINDERS[step.op];
  const { calls, ...bound } = (binder as StepBinder<StepOp>)(step as never, context);
  return {
    ...bound,
    why: kernel.why,
    calls: stageOperands(step, context, calls, kernel.memory.scratchBytes),
    memory: stepMemory(step, context.plan, kernel.memory),
  };
}

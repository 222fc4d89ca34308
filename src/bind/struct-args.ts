/** Fields that several kernels' argument structs share, named as in firmware-templates/kernels/window.h and numeric/stages.h. */
import type { ArgumentRecord } from '../ir/bound-plan.js';
import type { Clamp, PlanTensor, StepWindow } from '../ir/deploy-plan.js';
import type { FixedMultiplier } from '../numeric/requantize.js';

/** `struct qmcu_shape` */
export const shapeArgs = ({ shape: [height, width, channels] }: PlanTensor): ArgumentRecord => ({
  height,
  width,
  channels,
});

/** `struct qmcu_window` */
export const windowArgs = (window: StepWindow): ArgumentRecord => ({
  kernel_height: window.kernelHeight,
  kernel_width: window.kernelWidth,
  stride_height: window.strideHeight,
  stride_width: window.strideWidth,
  dilation_height: window.dilationHeight,
  dilation_width: window.dilationWidth,
  pad_top: window.padTop,
  pad_left: window.padLeft,
});

/** `struct qmcu_output_stage` */
export const stageArgs = (output: PlanTensor, clamp: Clamp): ArgumentRecord => ({
  zero_point: output.zeroPoint,
  clamp_min: clamp.min,
  clamp_max: clamp.max,
});

export const multiplierArgs = ({ multiplier, shift }: FixedMultiplier): ArgumentRecord => ({
  multiplier,
  shift,
});

export const pixelCount = ({ shape: [height, width] }: PlanTensor): number => height * width;

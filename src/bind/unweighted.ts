/** Binds the operators without weights: one kernel call each, arguments copied from the plan. */
import type { ArgumentRecord, KernelCall } from '../ir/bound-plan.js';
import type { AddScaling, AddStep, PlanTensor, Step, StepOf, StepWindow } from '../ir/deploy-plan.js';
import { blobBytes, elementCount, readInt32, tensorOf, widthRange } from '../ops/plan-access.js';
import { reshapeKeepsBytes } from '../ops/reshape.js';
import { type BindContext, type BoundOp, inputTensor, outputTensor, type StepBinder } from './bound-op.js';
import { channelShifts, isNarrow } from './channel-constants.js';
import { kernelInstance } from './kernel-instance.js';
import { multiplierArgs, pixelCount, shapeArgs, stageArgs, windowArgs } from './struct-args.js';

function call(step: Step, context: BindContext, args: ArgumentRecord, inputs = step.inputs): KernelCall {
  const { bits } = tensorOf(context.plan, inputs[0]!);
  return { kernel: kernelInstance(step.op, context.target.feature, bits), args, inputs };
}

/** A step of one call. */
const simple = (step: Step, context: BindContext, args: ArgumentRecord): Pick<BoundOp, 'calls'> => ({
  calls: [call(step, context, args)],
});

const mapArgs = (output: PlanTensor): ArgumentRecord => ({
  pixels: pixelCount(output),
  channels: output.shape[2],
  output_bits: output.bits,
});

const secondArgs = (second: PlanTensor): ArgumentRecord => ({
  second_pixels: pixelCount(second),
  second_channels: second.shape[2],
  second_bits: second.bits,
});

function addScalingArgs(scaling: AddScaling): ArgumentRecord {
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    return {
      multiplier: scaling.multipliers,
      shift: [0, 0],
      left_shift: 0,
      output_multiplier: 0,
      output_shift: scaling.shift,
    };
  }
  return {
    multiplier: scaling.inputs.map((m) => m.multiplier),
    shift: scaling.inputs.map((m) => m.shift),
    left_shift: scaling.leftShift,
    output_multiplier: scaling.output.multiplier,
    output_shift: scaling.output.shift,
  };
}

/** `struct add_args` */
export function addArgs(step: AddStep, context: BindContext): ArgumentRecord {
  const [first, second] = [inputTensor(step, context, 0), inputTensor(step, context, 1)];
  const output = outputTensor(step, context);
  return {
    ...mapArgs(output),
    ...secondArgs(second),
    sign: step.subtract ? -1 : 1,
    zero_point: [first.zeroPoint, second.zeroPoint],
    scaling: addScalingArgs(step.scaling),
    stage: stageArgs(output, step.clamp),
  };
}

export const bindAdd: StepBinder<'add'> = (step, context) => simple(step, context, addArgs(step, context));

export const bindMul: StepBinder<'mul'> = (step, context) => {
  const [first, second] = [inputTensor(step, context, 0), inputTensor(step, context, 1)];
  const output = outputTensor(step, context);
  return simple(step, context, {
    ...mapArgs(output),
    ...secondArgs(second),
    zero_point: [first.zeroPoint, second.zeroPoint],
    scale: productScale(step, context, first, second),
    stage: stageArgs(output, step.clamp),
  });
};

/** `struct qmcu_channel` of a product of two values less their zero points. */
function productScale(
  { requant }: StepOf<'mul'>,
  { plan }: BindContext,
  first: PlanTensor,
  second: PlanTensor,
): ArgumentRecord {
  const mode = plan.requantization;
  const [a, b] = [first, second].map(({ bits, zeroPoint }) => {
    const { min, max } = widthRange(bits);
    return Math.max(zeroPoint - min, max - zeroPoint);
  });
  const sums = { bias: 0, weights: 0, magnitudes: b! };
  const wide = isNarrow(mode, sums, requant, a!) ? 0 : 1;
  return { bias: 0, multiplier: requant.multiplier, ...channelShifts(mode, requant), wide };
}

const poolArgs = (input: PlanTensor, output: PlanTensor, window: StepWindow): ArgumentRecord => ({
  input: shapeArgs(input),
  output: shapeArgs(output),
  window: windowArgs(window),
});

export const bindAveragePool2d: StepBinder<'average_pool2d'> = (step, context) => {
  const input = inputTensor(step, context);
  const output = outputTensor(step, context);
  const { constants, label } = context;
  const perCount = step.perCount ?? [];
  const tables =
    perCount.length === 0
      ? {}
      : {
          multiplier: constants.int32(
            `${label}_multiplier`,
            perCount.map((m) => m.multiplier),
          ),
          shift: constants.int8(
            `${label}_shift`,
            perCount.map((m) => m.shift),
          ),
        };
  return simple(step, context, {
    ...poolArgs(input, output, step.window),
    output_bits: output.bits,
    origin: context.plan.requantization === 'mulhi' ? -input.zeroPoint : step.origin,
    stage: stageArgs(output, step.clamp),
    ...tables,
  });
};

export const bindMaxPool2d: StepBinder<'max_pool2d'> = (step, context) =>
  simple(step, context, {
    ...poolArgs(inputTensor(step, context), outputTensor(step, context), step.window),
    clamp_min: step.clamp.min,
    clamp_max: step.clamp.max,
  });

export const bindMean: StepBinder<'mean'> = (step, context) => {
  const input = inputTensor(step, context);
  const output = outputTensor(step, context);
  return simple(step, context, {
    pixels: pixelCount(input),
    channels: input.shape[2],
    output_bits: output.bits,
    input_zero_point: input.zeroPoint,
    ...multiplierArgs(step.requant),
    stage: stageArgs(output, step.clamp),
  });
};

export const bindPad: StepBinder<'pad'> = (step, context) => {
  const output = outputTensor(step, context);
  return simple(step, context, {
    input: shapeArgs(inputTensor(step, context)),
    output: shapeArgs(output),
    before: step.before,
    zero_point: output.zeroPoint,
  });
};

export const bindReshape: StepBinder<'reshape'> = (step, context) => {
  if (reshapeKeepsBytes(step, context.plan)) return { calls: [] };
  const input = inputTensor(step, context);
  const args = {
    elements: elementCount(input),
    input_channels: input.shape[2],
    output_channels: outputTensor(step, context).shape[2],
  };
  return simple(step, context, args);
};

export const bindTranspose: StepBinder<'transpose'> = (step, context) =>
  simple(step, context, {
    input: shapeArgs(inputTensor(step, context)),
    output: shapeArgs(outputTensor(step, context)),
    permutation: step.permutation,
  });

export const bindConcatenation: StepBinder<'concatenation'> = (step, context) => {
  const output = outputTensor(step, context);
  let at = 0;
  const calls = step.inputs.map((id, index) => {
    const input = inputTensor(step, context, index);
    const requant = step.requant[index] ?? null;
    const start = [0, 0, 0];
    start[step.axis] = at;
    at += input.shape[step.axis];
    const args = {
      input: shapeArgs(input),
      output: shapeArgs(output),
      start,
      output_bits: output.bits,
      rescale: requant === null ? 0 : 1,
      input_zero_point: input.zeroPoint,
      ...multiplierArgs(requant ?? { multiplier: 0, shift: 0 }),
      stage: stageArgs(output, step.clamp),
    };
    return call(step, context, args, [id]);
  });
  return { calls };
};

export const bindSoftmax: StepBinder<'softmax'> = (step, context) => {
  const input = inputTensor(step, context);
  return simple(step, context, {
    pixels: pixelCount(input),
    channels: input.shape[2],
    exponentials: context.constants.int32(
      `${context.label}_exponentials`,
      readInt32(context.plan, step.expTable),
    ),
  });
};

export const bindLookup: StepBinder<'lookup'> = (step, context) =>
  simple(step, context, {
    ...mapArgs(outputTensor(step, context)),
    table: context.constants.add(`${context.label}_table`, 'int8_t', blobBytes(context.plan, step.table)),
  });

export const bindRequantize: StepBinder<'requantize'> = (step, context) => {
  const output = outputTensor(step, context);
  return simple(step, context, {
    ...mapArgs(output),
    input_zero_point: inputTensor(step, context).zeroPoint,
    ...multiplierArgs(step.requant),
    stage: stageArgs(output, step.clamp),
  });
};

export const bindResizeNearest: StepBinder<'resize_nearest'> = (step, context) => {
  const { constants, label } = context;
  return simple(step, context, {
    input: shapeArgs(inputTensor(step, context)),
    output: shapeArgs(outputTensor(step, context)),
    rows: constants.uint16(`${label}_rows`, step.rows),
    columns: constants.uint16(`${label}_columns`, step.columns),
  });
};

/** ADD and SUB, element by element, the second operand broadcast; formulas at `AddScaling` in the plan. */
import type { AddScaling, AddStep, DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import {
  quantizeFloat32,
  quantizeMultiplier,
  type RequantMode,
  roundHalfEven,
  SCALE_BY_MODE,
} from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import { broadcastIndex, checkBroadcast } from './broadcast.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkClamp, checkMultiplier, sameShape } from './step-checks.js';

/** Largest multiplier of the modes that weigh both operands: int16, and 21 bits. */
const ADD_MULTIPLIER_LIMIT = { mulhi: 2 ** 15 - 1, xnnpack: 2 ** 21 } as const;

/** Value before the zero point is added, from differences to the operands' zero points. */
export function combine(a: number, b: number, scaling: AddScaling, sign: 1 | -1): number {
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    const sum = BigInt(a * scaling.multipliers[0] + sign * b * scaling.multipliers[1]);
    const shift = BigInt(scaling.shift);
    return Number((sum + (shift === 0n ? 0n : 1n << (shift - 1n))) >> shift);
  }
  const scale = SCALE_BY_MODE[scaling.mode];
  const factor = 2 ** scaling.leftShift;
  const scaledA = scale(a * factor, scaling.inputs[0]);
  const scaledB = scale(b * factor, scaling.inputs[1]);
  return scale(scaledA + sign * scaledB, scaling.output);
}

function reference(step: AddStep, context: ReferenceContext): Int32Array {
  const [a, b] = [context.tensor(step.inputs[0]!), context.tensor(step.inputs[1]!)];
  const output = context.tensor(step.output);
  const [va, vb] = [context.values(a.id), context.values(b.id)];
  return va.map((value, i) => {
    const other = vb[broadcastIndex(i, output, b)]!;
    const q = combine(value - a.zeroPoint, other - b.zeroPoint, step.scaling, step.subtract ? -1 : 1);
    return Math.min(step.clamp.max, Math.max(step.clamp.min, q + output.zeroPoint));
  });
}

function checkScaling(scaling: AddScaling, mode: RequantMode): string[] {
  if (scaling.mode !== mode) return [`scaling is for ${scaling.mode}, the plan's mode is ${mode}`];
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    const limit = ADD_MULTIPLIER_LIMIT[scaling.mode];
    const small = scaling.multipliers.every((m) => Number.isInteger(m) && Math.abs(m) <= limit);
    const shift = Number.isInteger(scaling.shift) && scaling.shift >= 0 && scaling.shift <= 30;
    return small && shift ? [] : [`${mode} multipliers must be at most ${limit} and the shift 0…30`];
  }
  const { leftShift } = scaling;
  if (!Number.isInteger(leftShift) || leftShift < 0 || leftShift > 22)
    return [`left shift ${leftShift} is not 0…22`];
  return [scaling.inputs[0], scaling.inputs[1], scaling.output].flatMap((m) =>
    checkMultiplier(m, mode, 'scaling').concat(
      m.shift > 0 ? [`shift ${m.shift} of an addition is positive`] : [],
    ),
  );
}

function check(step: AddStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 2);
  if (arity.length > 0) return arity;
  const output = tensorOf(plan, step.output);
  return [
    ...checkBroadcast(tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.inputs[1]!), output),
    ...checkScaling(step.scaling, plan.requantization),
    ...checkClamp(step.clamp, output),
  ];
}

/**
 * XNNPACK's xnn_init_qs8_add_minmax_scalar_params (src/microparams-init.c): float32 ratios of scales, the larger
 * one scaled into 2^20…2^21, rounded to nearest even.
 */
function addScalingXnnpack(a: number, b: number, out: number): AddScaling {
  const ratios = [a, b].map((scale) => Math.fround(Math.fround(scale) / Math.fround(out)));
  const shift = 21 - quantizeFloat32(Math.max(...ratios)).shift;
  const [first, second] = ratios.map((ratio) => roundHalfEven(Math.fround(ratio * 2 ** shift)));
  return { mode: 'xnnpack', multipliers: [first!, second!], shift };
}

/** Scaling constants of an addition for real scales, as TFLM's ADD prepares them, or as the mode's own form says. */
export function addScaling(a: number, b: number, out: number, mode: RequantMode): AddScaling {
  if (mode === 'xnnpack') return addScalingXnnpack(a, b, out);
  if (mode === 'mulhi') {
    const largest = Math.max(a / out, b / out);
    let shift = 16;
    while (shift > 0 && Math.round(largest * 2 ** shift) >= 2 ** 15) shift--;
    return {
      mode,
      multipliers: [Math.round((a / out) * 2 ** shift), Math.round((b / out) * 2 ** shift)],
      shift,
    };
  }
  const leftShift = 20;
  const twiceMax = 2 * Math.max(a, b);
  return {
    mode,
    leftShift,
    inputs: [quantizeMultiplier(a / twiceMax), quantizeMultiplier(b / twiceMax)],
    output: quantizeMultiplier(twiceMax / (2 ** leftShift * out)),
  };
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const shape = s.shape();
  const a = s.tensor(shape, s.inputBits);
  const other = random.pick([shape, shape, shape, [1, 1, shape[2]] as const, [1, 1, 1] as const]);
  const b = s.tensor(other, random.pick([s.inputBits, s.outputBits]));
  const output = s.tensor(shape, s.outputBits);
  const ratio = (2 ** s.outputBits / 2 ** s.inputBits) * (0.3 + random.next());
  const scaling = addScaling(ratio, ratio * (0.2 + 2 * random.next()), 1, s.mode);
  return s.finish(
    {
      op: 'add',
      name: 'add',
      inputs: [a.id, b.id],
      output: output.id,
      subtract: random.integer(0, 2) === 0,
      scaling,
      clamp: s.clamp(output),
    },
    other === shape ? '' : 'broadcast',
  );
}

/** Operands of the output's shape and width may be overwritten. */
export function elementwiseInPlace(
  inputs: readonly number[],
  output: number,
  plan: DeployPlan,
): readonly number[] {
  const out = tensorOf(plan, output);
  const fits = (t: PlanTensor): boolean => sameShape(t, out) && t.bits === out.bits;
  return inputs.flatMap((id, index) => (fits(tensorOf(plan, id)) ? [index] : []));
}

export const add: StepOpDef<'add'> = {
  op: 'add',
  macs: () => 0,
  reference,
  inPlaceInputs: (step, plan) => elementwiseInPlace(step.inputs, step.output, plan),
  check,
  sample,
};

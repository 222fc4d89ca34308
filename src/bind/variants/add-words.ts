/** Additions of whole words in generated assembly (firmware-templates/kernels/add_words.h). */
import type { ArgumentRecord } from '../../ir/bound-plan.js';
import type { AddScaling, AddStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import type { FixedMultiplier } from '../../numeric/requantize.js';
import { combine } from '../../ops/add.js';
import { elementCount, tensorOf, widthRange } from '../../ops/plan-access.js';
import { kernelInstance } from '../kernel-instance.js';
import { portableMemory } from '../step-memory.js';
import { addArgs } from '../unweighted.js';
import type { KernelVariant } from './variant.js';

const INT16 = 2 ** 15;
/** What holds for sums of scaled differences to stay below 2^30, doubled. */
const MOST_LEFT = 20;
/** R of the sum is its zero point up to this far left. */
const MOST_RIGHT = 22;
/** Below, the pair of two sums is made by shifts of 16 − s. */
const MOST_SHIFT = 16;

type Tensors = readonly [PlanTensor, PlanTensor, PlanTensor];

const tensorsOf = (step: AddStep, plan: DeployPlan): Tensors => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.inputs[1]!),
  tensorOf(plan, step.output),
];

/** What assembly adds to outputs, which it cuts as unsigned values. */
const unsignedOffset = ({ bits }: PlanTensor): number => (bits === 8 ? 128 : 0);

const signOf = (step: AddStep): 1 | -1 => (step.subtract ? -1 : 1);

function applies(step: AddStep, plan: DeployPlan): string | undefined {
  const tensors = tensorsOf(step, plan);
  const [first, second] = tensors;
  if (elementCount(first) !== elementCount(second)) return 'an operand is broadcast';
  if (tensors.some(({ shape, bits }) => (shape[2] * bits) % 8 !== 0)) return 'pixels end within a byte';
  const { scaling } = step;
  if (scaling.mode === 'xnnpack') return 'mode xnnpack';
  if (scaling.mode === 'mulhi') {
    if (scaling.shift < 1 || scaling.shift > MOST_SHIFT) return `a right shift of ${scaling.shift}`;
  } else {
    if (tensors.some(({ bits }) => bits !== 8)) return `narrow maps in mode ${scaling.mode}`;
    if (scaledForm(scaling) === undefined) return 'no operand has the factor ½';
  }
  return fitsInt16(step, tensors) ? undefined : 'values beyond int16';
}

/** At the corners of the operands' ranges, before values are cut. */
function fitsInt16(step: AddStep, [first, second, output]: Tensors): boolean {
  const zero = output.zeroPoint + unsignedOffset(output);
  const differences = [first, second].map(({ bits, zeroPoint }) => {
    const { min, max } = widthRange(bits);
    return [min - zeroPoint, max - zeroPoint];
  });
  return differences[0]!.every((a) =>
    differences[1]!.every((b) => {
      const value = combine(a, b, step.scaling, signOf(step)) + zero;
      return value >= -INT16 && value < INT16;
    }),
  );
}

interface ScaledForm {
  /** Index of the operand whose factor is ½ exactly; the other one is scaled. */
  readonly halved: 0 | 1;
  /** Right shift of the other operand; 0 when it is halved as well. */
  readonly right: number;
  readonly sumRight: number;
}

type Scaled = Extract<AddScaling, { readonly mode: 'tflm' | 'single' }>;

const isHalf = ({ multiplier, shift }: FixedMultiplier): boolean => multiplier === 2 ** 30 && shift === 0;

/** `single` has one more bit to the right, from which its left shift takes one back. */
function scaledForm(scaling: Scaled): ScaledForm | undefined {
  const halved = scaling.inputs.findIndex(isHalf);
  if (halved < 0 || scaling.leftShift < 1 || scaling.leftShift > MOST_LEFT) return undefined;
  const other = scaling.inputs[1 - halved]!;
  const right = isHalf(other) ? 0 : -other.shift;
  const sumRight = -scaling.output.shift;
  if ((right < 1 && !isHalf(other)) || sumRight < 1 || sumRight > MOST_RIGHT) return undefined;
  return { halved: halved as 0 | 1, right, sumRight };
}

const twice = (value: number): number => ((value & 0xffff) | (value << 16)) >>> 0;
const half = (right: number): number => 2 ** (right - 1);

/** `constants` of the struct behind the bounds, and the instance's parameters. */
function constantsOf(
  step: AddStep,
  [first, second, output]: Tensors,
): { constants: number[]; parameters: Record<string, number> } {
  const { scaling } = step;
  const zero = output.zeroPoint + unsignedOffset(output);
  const b = second.bits;
  const o = output.bits;
  if (!('multipliers' in scaling)) {
    const { halved, right, sumRight } = scaledForm(scaling)!;
    const tensors = [first, second] as const;
    const other = scaling.inputs[1 - halved]!;
    const scaledRounding = right === 0 ? 0 : half(right);
    const sumRounding = zero * 2 ** sumRight + half(sumRight);
    const negated = step.subtract ? (halved === 0 ? 1 : 2) : 0;
    return {
      constants: [
        -tensors[1 - halved]!.zeroPoint,
        other.multiplier,
        scaledRounding,
        -tensors[halved].zeroPoint,
        sumRounding,
        scaling.output.multiplier,
      ],
      parameters: { b, o, i: scaling.leftShift, j: right, r: sumRight, g: 1 - halved, n: negated },
    };
  }
  const [m0, m1] = [scaling.multipliers[0], signOf(step) * scaling.multipliers[1]];
  const addend =
    zero * 2 ** scaling.shift + half(scaling.shift) - m0 * first.zeroPoint - m1 * second.zeroPoint;
  return {
    constants: [(m0 & 0xffff) | (m1 << 16), addend, 0, 0, 0, 0],
    parameters: { b, o, s: scaling.shift },
  };
}

export const ADD_WORDS: KernelVariant<'add'> = {
  name: 'words',
  op: 'add',
  feature: 'dsp',
  applies,
  memory: portableMemory,
  bind(step, context) {
    const tensors = tensorsOf(step, context.plan);
    const [first, , output] = tensors;
    const { constants, parameters } = constantsOf(step, tensors);
    const range = widthRange(output.bits);
    const offset = unsignedOffset(output);
    const bounds = [step.clamp.min, step.clamp.max].map((bound) => twice(bound + offset));
    const args: ArgumentRecord = {
      rest: addArgs(step, context),
      constants: [...bounds, ...constants.map((word) => word >>> 0)],
    };
    const f = step.clamp.min > range.min || step.clamp.max < range.max ? 1 : 0;
    const kernel = kernelInstance(step.op, context.target.feature, first.bits, undefined, {
      variant: 'words',
      parameters: { ...parameters, f },
    });
    return { calls: [{ kernel, args, inputs: step.inputs }] };
  },
};

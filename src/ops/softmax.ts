/**
 * SOFTMAX over the channels of each pixel, int8 out (scale 1/256, zero point −128): TFLM's integer reference,
 * tensorflow/lite/kernels/internal/reference/softmax.h with gemmlowp fixed point; exponentials from a table.
 */
import type { DeployPlan, SoftmaxStep } from '../ir/deploy-plan.js';
import { saturatingRoundingDoublingHighMul as mulHigh, roundingDivideByPot } from '../numeric/requantize.js';
import type { Random } from '../support/random.js';
import type { ReferenceContext, SampleRequest, StepOpDef } from './op-def.js';
import { readInt32, tensorOf } from './plan-access.js';
import { SamplePlan } from './sample-plan.js';
import { checkArity, checkBlob, sameShape } from './step-checks.js';

/** Integer bits of the sum of exponentials: Q12.19. */
const ACCUMULATION_INTEGER_BITS = 12;
const INT32_MAX = 2147483647;
/** 48/17 and −32/17 in Q2.29, the Newton–Raphson start of gemmlowp's reciprocal. */
const FORTY_EIGHT_OVER_17 = 1515870810;
const MINUS_32_OVER_17 = -1010580540;
const ONE_Q2 = 1 << 29;

const saturate = (x: number): number => Math.max(-2147483648, Math.min(INT32_MAX, x));

/** gemmlowp one_over_one_plus_x_for_x_in_0_1: a, result in Q0.31. */
export function oneOverOnePlus(a: number): number {
  const sum = a + INT32_MAX;
  const half = Math.trunc((sum + (sum >= 0 ? 1 : -1)) / 2);
  let x = FORTY_EIGHT_OVER_17 + mulHigh(half, MINUS_32_OVER_17);
  for (let i = 0; i < 3; i++) {
    const remainder = ONE_Q2 - mulHigh(half, x);
    x += saturate(mulHigh(x, remainder) * 4);
  }
  return saturate(x * 2);
}

/** TFLM GetReciprocal: 1/x of a Q12.19 sum as Q0.31 and the number of bits that it lies above one. */
export function reciprocalOfSum(sum: number): { scale: number; bitsOverUnit: number } {
  const headroomPlusOne = Math.clz32(sum);
  const shifted = (sum * 2 ** headroomPlusOne) % 2 ** 32;
  return {
    scale: oneOverOnePlus(shifted - 2 ** 31),
    bitsOverUnit: ACCUMULATION_INTEGER_BITS - headroomPlusOne,
  };
}

function softmaxRow(row: Int32Array, exponentials: Int32Array): number[] {
  const max = row.reduce((a, b) => Math.max(a, b));
  const terms = Array.from(row, (q) => exponentials[max - q]!);
  const sum = terms.reduce((a, e) => a + roundingDivideByPot(e, ACCUMULATION_INTEGER_BITS), 0);
  const { scale, bitsOverUnit } = reciprocalOfSum(sum);
  return terms.map((e) => {
    if (e === 0) return -128;
    const q = roundingDivideByPot(mulHigh(scale, e), bitsOverUnit + 31 - 8) - 128;
    return Math.max(-128, Math.min(127, q));
  });
}

function reference(step: SoftmaxStep, context: ReferenceContext): Int32Array {
  const input = context.tensor(step.inputs[0]!);
  const x = context.values(input.id);
  const table = readInt32(context.plan, step.expTable);
  const channels = input.shape[2];
  const out = new Int32Array(x.length);
  for (let at = 0; at < x.length; at += channels)
    out.set(softmaxRow(x.subarray(at, at + channels), table), at);
  return out;
}

function check(step: SoftmaxStep, plan: DeployPlan): readonly string[] {
  const arity = checkArity(step, 1);
  if (arity.length > 0) return arity;
  const input = tensorOf(plan, step.inputs[0]!);
  const output = tensorOf(plan, step.output);
  const problems = checkBlob(plan, step.expTable, 4 * 256, 'exponential table');
  if (!sameShape(input, output)) problems.push('input and output shapes differ');
  if (output.bits !== 8 || output.zeroPoint !== -128)
    problems.push('output is not int8 with zero point −128');
  if (output.shape[2] >= 2 ** ACCUMULATION_INTEGER_BITS)
    problems.push('more than 4095 classes overflow the sum');
  if (problems.length > 0) return problems;
  const table = readInt32(plan, step.expTable);
  const falling = table.every((v, i) => v >= 0 && (i === 0 || v <= table[i - 1]!));
  return falling && table[0]! >= 1 << 30 ? [] : ['the exponential table does not start near one and fall'];
}

function sample(random: Random, request?: SampleRequest) {
  const s = new SamplePlan(random, request);
  const pixels = random.pick([1, 1, 2, 5]);
  const shape = [1, pixels, random.pick([1, 2, 3, 10, 12, 101, 1001])] as const;
  const input = s.tensor(shape, s.inputBits);
  const base = s.tensor(shape, 8);
  const output = { ...base, zeroPoint: -128, scale: 1 / 256 };
  const decay = random.pick([0.0001, 0.02 + 0.4 * random.next()]);
  const reach = random.integer(20, 255);
  const table = Array.from({ length: 256 }, (_, d) =>
    d > reach ? 0 : Math.round(INT32_MAX * Math.exp(-d * decay)),
  );
  const made = s.finish(
    { op: 'softmax', name: 'softmax', inputs: [input.id], output: output.id, expTable: s.int32Blob(table) },
    '',
  );
  const tensors = made.plan.tensors.map((t) => (t.id === output.id ? output : t));
  return { ...made, plan: { ...made.plan, tensors } };
}

export const softmax: StepOpDef<'softmax'> = {
  op: 'softmax',
  macs: () => 0,
  reference,
  inPlaceInputs: () => [],
  check,
  sample,
};

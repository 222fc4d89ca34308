/** Every invariant of the plan verifier is broken once, and named. */
import { expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import { assertPlan, verifyPlan } from '../../../src/invariants/plan.js';
import type { Conv2dStep, DeployPlan, PlanTensor, Step } from '../../../src/ir/deploy-plan.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

const plan = lowerToPlan(importModel(readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`), 'kws.tflite'), {
  mode: 'tflm',
});
const conv = plan.steps[0] as Conv2dStep;

const withTensor = (id: number, change: object): DeployPlan => ({
  ...plan,
  tensors: plan.tensors.map((t) => (t.id === id ? ({ ...t, ...change } as PlanTensor) : t)),
});
const withStep = (index: number, change: object): DeployPlan => ({
  ...plan,
  steps: plan.steps.map((s, i) => (i === index ? ({ ...s, ...change } as Step) : s)),
});

it('passes a sound plan', () => {
  expect(verifyPlan(plan)).toEqual([]);
});

const BROKEN: readonly (readonly [string, DeployPlan, RegExp])[] = [
  ['format', { ...plan, version: 2 as 1 }, /format quantmcu-deploy-plan version 2/],
  ['mode', { ...plan, requantization: 'none' as 'tflm' }, /mode 'none' is unknown/],
  ['tensor id', withTensor(1, { id: 7 }), /tensor 1 \(.*\) has id 7/],
  ['shape', withTensor(1, { shape: [1, 0, 4] }), /has shape \[1, 0, 4\], out of bounds/],
  ['rank', withTensor(1, { shape: [1, 4] }), /has shape \[1, 4\]/],
  ['total size', withTensor(1, { shape: [65536, 1024, 1] }), /out of bounds|elements in all|window/],
  ['scale', withTensor(1, { scale: 0 }), /has scale 0/],
  ['width', withTensor(1, { bits: 3 }), /has width 3/],
  ['zero point', withTensor(1, { zeroPoint: 128 }), /zero point 128 outside its width/],
  ['tensor name', withTensor(1, { name: plan.tensors[2]!.name }), /tensor name '.*' is empty or not unique/],
  ['step name', withStep(1, { name: conv.name }), /step name '.*' is empty or not unique/],
  ['operator', withStep(0, { op: 'toString' }), /unknown operator/],
  ['input missing', withStep(0, { inputs: [99] }), /reads tensor 99 before anything computes it/],
  ['order', withStep(0, { inputs: [5] }), /reads tensor 5 before anything computes it/],
  ['output missing', withStep(0, { output: 99 }), /writes tensor 99, which is already defined or missing/],
  ['written twice', withStep(1, { output: conv.output }), /already defined or missing/],
  ['input overwritten', withStep(0, { output: plan.inputs[0]!.tensor }), /already defined or missing/],
  ['not computed', { ...plan, steps: plan.steps.slice(0, -1) }, /is never computed/],
  ['no input', { ...plan, inputs: [] }, /the plan has no input/],
  ['no output', { ...plan, outputs: [] }, /the plan has no output/],
  [
    'port',
    { ...plan, outputs: [{ ...plan.outputs[0]!, tensor: 99 }] },
    /names tensor 99, which does not exist/,
  ],
  ['port width', withTensor(plan.inputs[0]!.tensor, { bits: 4, zeroPoint: 3 }), /is 4 bits wide, not 8/],
  ['arity', withStep(0, { inputs: [0, 0] }), /conv2d\): has 2 inputs, not 1/],
  ['blob', withStep(0, { weights: { offset: plan.weights.length, length: 640 } }), /weights lies outside/],
  ['blob length', withStep(0, { bias: { ...conv.bias, length: 4 } }), /bias has 4 bytes, not 256/],
  ['clamp', withStep(0, { clamp: { min: -200, max: 127 } }), /clamp -200…127/],
  ['window', withStep(0, { window: { ...conv.window, strideHeight: 0 } }), /window height/],
];

it.each(BROKEN)('names a broken %s', (_name, broken, message) => {
  expect(verifyPlan(broken).join('; ')).toMatch(message);
});

/** The plan with the first layer's bias of channel 3 replaced. */
function withBias(value: number): DeployPlan {
  const weights = plan.weights.slice();
  new DataView(weights.buffer).setInt32(conv.bias.offset + 12, value, true);
  return { ...plan, weights };
}

it('bounds accumulators by the real weights: just below 2^31 passes, 2^31 does not', () => {
  const taps = 10 * 4;
  const row = new Int8Array(plan.weights.buffer, conv.weights.offset + 3 * taps, taps);
  const zeroPoint = plan.tensors[0]!.zeroPoint;
  const deviation = Math.max(127 - zeroPoint, zeroPoint + 128);
  const products = row.reduce((sum, w) => sum + Math.abs(w), 0) * deviation;
  expect(verifyPlan(withBias(2 ** 31 - 1 - products))).toEqual([]);
  expect(verifyPlan(withBias(2 ** 31 - products))[0]).toMatch(
    /the accumulator of output channel 3 may reach 2147483648, which overflows 32 bits/,
  );
});

it('throws a bug for a plan of our own that is unsound', () => {
  expect(() => assertPlan({ ...plan, outputs: [] })).toThrow(
    /kws.*: the plan breaks an invariant: the plan has no output/,
  );
});

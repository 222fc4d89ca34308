/** Every operator's samples are sound plans, and its reference agrees with plain real arithmetic. */
import { describe, expect, it } from 'vitest';
import type { PlanTensor } from '../../../src/ir/deploy-plan.js';
import { REQUANT_MODES } from '../../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { checkStep, STEP_OP_LIST, STEP_OPS, stepReference } from '../../../src/ops/index.js';
import type { SampleCase } from '../../../src/ops/op-def.js';
import { unpackActivation, widthRange } from '../../../src/ops/plan-access.js';
import { createRandom } from '../../../src/support/random.js';

const SEEDS = 60;

function runReference(sample: SampleCase): { values: Int32Array; output: PlanTensor } {
  const { plan } = sample;
  const values = new Map(
    plan.inputs.map((port, i) => [
      port.tensor,
      unpackActivation(plan.tensors[port.tensor]!, sample.inputs[i]!),
    ]),
  );
  const step = plan.steps[0]!;
  const result = stepReference(step, {
    plan,
    tensor: (id) => plan.tensors[id]!,
    values: (id) => values.get(id)!,
  });
  return { values: result, output: plan.tensors[step.output]! };
}

describe.each(STEP_OP_LIST)('%s samples', (op) => {
  it('pass the operator check, stay in range and do not all saturate', () => {
    let free = 0;
    let total = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const bits of WIDTH_LIST) {
        const sample = STEP_OPS[op].sample(createRandom(seed), {
          inputBits: bits,
          weightBits: bits,
          outputBits: bits,
        });
        const step = sample.plan.steps[0]!;
        expect(checkStep(step, sample.plan), sample.label).toEqual([]);
        const { values, output } = runReference(sample);
        const { min, max } = widthRange(output.bits);
        expect(values.length, sample.label).toBe(output.shape[0] * output.shape[1] * output.shape[2]);
        for (const q of values) {
          if (q < min || q > max) expect.fail(`${sample.label}: value ${q} outside ${min}…${max}`);
          if (q > min && q < max) free++;
          total++;
        }
      }
    }
    expect(free / total).toBeGreaterThan(op === 'softmax' ? 0.02 : 0.3);
  });

  it('are the same for the same seed', () => {
    for (const mode of REQUANT_MODES) {
      const [a, b] = [1, 2].map(() => STEP_OPS[op].sample(createRandom(77), { mode }));
      expect(a).toEqual(b);
    }
  });
});

describe('references against real arithmetic', () => {
  it('softmax is within 1.5/256 of the real softmax of the table', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const sample = STEP_OPS.softmax.sample(createRandom(seed));
      const { plan } = sample;
      const step = plan.steps[0]!;
      if (step.op !== 'softmax') throw new Error('not a softmax');
      const table = new Int32Array(
        plan.weights.slice(step.expTable.offset, step.expTable.offset + 1024).buffer,
      );
      const input = plan.tensors[step.inputs[0]!]!;
      const x = unpackActivation(input, sample.inputs[0]!);
      const { values } = runReference(sample);
      const c = input.shape[2];
      for (let at = 0; at < x.length; at += c) {
        const row = x.subarray(at, at + c);
        const max = Math.max(...row);
        const terms = Array.from(row, (q) => table[max - q]! / 2 ** 31);
        const sum = terms.reduce((a, b) => a + b, 0);
        terms.forEach((term, i) => {
          const real = Math.min(127, (256 * term) / sum - 128);
          expect(Math.abs(values[at + i]! - real), `${sample.label} class ${i}`).toBeLessThanOrEqual(1.5);
        });
      }
    }
  });

  it('average pooling of constant windows gives the constant back', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const sample = STEP_OPS.average_pool2d.sample(createRandom(seed), { mode: 'tflm' });
      const step = sample.plan.steps[0]!;
      if (step.op !== 'average_pool2d') throw new Error('not a pool');
      const inputs = sample.inputs.map((bytes) => new Uint8Array(bytes.length).fill(37));
      const { values } = runReference({ ...sample, inputs });
      const expected = Math.min(step.clamp.max, Math.max(step.clamp.min, 37));
      expect(new Set(values), sample.label).toEqual(new Set([expected]));
    }
  });
});

/** What the checks say of pools and of steps that keep values, each broken in one way. */
import { describe, expect, it } from 'vitest';
import type { PlanTensor, Step } from '../../../src/ir/deploy-plan.js';
import type { RequantMode } from '../../../src/numeric/requantize.js';
import { checkStep, STEP_OPS } from '../../../src/ops/index.js';
import { createRandom } from '../../../src/support/random.js';

const POOLS = ['average_pool2d', 'max_pool2d'] as const;
const MOVES = ['pad', 'reshape', 'transpose', 'resize_nearest', 'crop'] as const;

interface Change {
  readonly step?: object;
  /** Of the output. */
  readonly output?: Partial<PlanTensor>;
}

/** Of the operator's first sample, at 8 bits. */
function problemsOf(
  op: (typeof POOLS | typeof MOVES)[number],
  mode: RequantMode,
  change: (output: PlanTensor) => Change,
): readonly string[] {
  const { plan } = STEP_OPS[op].sample(createRandom(1), { mode, inputBits: 8, outputBits: 8 });
  const { step = {}, output = {} } = change(plan.tensors[plan.steps[0]!.output]!);
  const tensors = plan.tensors.map((t) => (t.id === plan.steps[0]!.output ? { ...t, ...output } : t));
  return checkStep({ ...plan.steps[0]!, ...step } as Step, { ...plan, tensors });
}

describe.each([...POOLS, ...MOVES])('%s', (op) => {
  it.each([
    [
      'another scale',
      (o: PlanTensor) => ({ output: { scale: 2 * o.scale } }),
      'input and output scales differ',
    ],
    [
      'another zero point',
      (o: PlanTensor) => ({ output: { zeroPoint: o.zeroPoint - 1 } }),
      'input and output scales differ',
    ],
    ['two inputs', () => ({ step: { inputs: [0, 0] } }), 'has 2 inputs, not 1'],
  ])('with %s', (_, change, problem) => {
    expect(problemsOf(op, 'tflm', change)).toEqual([problem]);
  });

  it('with another width', () => {
    expect(problemsOf(op, 'tflm', () => ({ output: { bits: 4 } }))).toContain(
      'input and output widths differ',
    );
  });
});

describe.each(POOLS)('%s', (op) => {
  it.each([
    [
      'another number of channels',
      ({ shape: [h, w, c] }: PlanTensor) => ({ output: { shape: [h, w, c + 1] as const } }),
      /^input and output channels differ$/,
    ],
    [
      'another size',
      ({ shape: [h, w, c] }: PlanTensor) => ({ output: { shape: [h + 1000, w, c] as const } }),
      /window/,
    ],
    ['a clamp beyond its width', () => ({ step: { clamp: { min: -200, max: 127 } } }), /^clamp -200…127/],
  ])('with %s', (_, change, problem) => {
    expect(problemsOf(op, 'tflm', change)).toEqual([expect.stringMatching(problem)]);
  });
});

describe('average_pool2d', () => {
  it('needs a factor per count in mode mulhi, and no more of the rest', () => {
    const problems = problemsOf('average_pool2d', 'mulhi', () => ({ step: { perCount: [] } }));
    expect(problems).toEqual([expect.stringMatching(/^perCount needs \d+ entries$/)]);
    expect(problemsOf('average_pool2d', 'mulhi', ({ scale }) => ({ output: { scale: 2 * scale } }))).toEqual(
      [],
    );
  });

  it('counts from 0 or 128', () => {
    expect(problemsOf('average_pool2d', 'tflm', () => ({ step: { origin: 5 } }))).toEqual([
      'origin 5 is neither 0 nor 128',
    ]);
  });
});

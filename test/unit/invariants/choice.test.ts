/** Every invariant of branches with two alternatives is broken once, and named. */
import { expect, it } from 'vitest';
import { verifyPlan } from '../../../src/invariants/plan.js';
import type { BranchChoice, DeployPlan, PatchStage, Step } from '../../../src/ir/deploy-plan.js';
import { gridBranches, stageCuts } from '../../../src/patch/branches.js';
import { expandChoice } from '../../../src/patch/expand.js';
import { createRandom } from '../../../src/support/random.js';
import { randomNetwork } from '../../support/random-network.js';

/** A network of three layers or more, its first three in 2×2 branches of two alternatives. */
function choicePlan(): DeployPlan {
  for (let seed = 1; ; seed++) {
    const { plan } = randomNetwork(createRandom(seed));
    const cut = stageCuts(plan).find(({ steps }) => steps === 3);
    const branches = cut === undefined ? null : gridBranches(plan, cut, 2, 2);
    const isWeighted = (step: Step): boolean => 'weights' in step;
    if (cut === undefined || branches === null || !isWeighted(plan.steps[0]!)) continue;
    const test = { low: -100, high: 100, mostOf: (values: number) => values >> 3 };
    return expandChoice([plan, plan], test, cut, branches, 'streamed');
  }
}

const plan = choicePlan();
const stage = plan.patchStage as PatchStage;
const withChoice = (change: Partial<BranchChoice>): DeployPlan => ({
  ...plan,
  patchStage: { ...stage, choice: { ...stage.choice!, ...change } },
});
const withStep = (index: number, change: (step: Step) => Step): DeployPlan => ({
  ...plan,
  steps: plan.steps.map((step, i) => (i === index ? change(step) : step)),
});
/** First step of the plain alternative of the first branch. */
const PLAIN = 1 + 3;

it('passes a sound plan, and not without its choice', () => {
  expect(stage).toMatchObject({ stepsPerBranch: 7, rows: 2, columns: 2 });
  expect(verifyPlan(plan)).toEqual([]);
  const { choice: _, ...fixed } = stage;
  expect(verifyPlan({ ...plan, patchStage: fixed }).join()).toMatch(/already written or read there/);
});

it.each([
  ['lengths', withChoice({ steps: 2 }), /do not fit its branches/],
  ['crop', withChoice({ common: 0 }), /do not fit its branches/],
  ['number of tests', withChoice({ most: [1, 2, 3] }), /do not fit its branches/],
  ['limits', withChoice({ most: [1, 2, 3, -1] }), /do not fit its branches/],
  ['bounds', withChoice({ high: 128 }), /do not fit its branches/],
  [
    'weights',
    withStep(PLAIN, (step) => ({ ...step, weights: { offset: 0, length: 0 } }) as Step),
    /differs in operator or weights from its like in the other alternative/,
  ],
  [
    'what it reads',
    withStep(PLAIN + 1, (step) => ({ ...step, inputs: plan.steps[2]!.inputs })),
    /which exists in one alternative only/,
  ],
])('names what is wrong with %s', (_, broken, message) => {
  expect(verifyPlan(broken).join('\n')).toMatch(message);
});

/** The chooser of kernel variants: planning and binding agree, speed hardly costs arena, forcing and its refusal. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { measuredCosts } from '../../../src/bind/measure.js';
import { chooseKernels, kernelsFor } from '../../../src/bind/variants/choose.js';
import { kernelName, PORTABLE } from '../../../src/bind/variants/chosen-kernel.js';
import { verifyBoundPlan } from '../../../src/invariants/bound.js';
import { STEP_OPS } from '../../../src/ops/index.js';
import { createRandom } from '../../../src/support/random.js';
import { randomNetwork } from '../../support/random-network.js';

const TARGET = { core: 'm4', feature: 'dsp' } as const;
const NETWORKS = 30;

const networks = Array.from({ length: NETWORKS }, (_, seed) => randomNetwork(createRandom(seed)).plan);
const variantsOf = (bound: ReturnType<typeof bind>): number =>
  bound.steps.filter((step) => step.calls.some(({ kernel }) => kernel.variant !== undefined)).length;

describe('kernel variants', () => {
  it('are planned as they are bound, to the byte', () => {
    let variants = 0;
    for (const plan of networks) {
      const bound = bind(plan, TARGET);
      verifyBoundPlan(bound);
      const { arenaBytes, scratchBytes, peakStep } = bound;
      expect(measuredCosts.memory(plan), plan.name).toMatchObject({ arenaBytes, scratchBytes, peakStep });
      variants += variantsOf(bound);
    }
    expect(variants).toBeGreaterThan(NETWORKS);
  });

  it('raise no lower bound of the arena by more than a hundredth', () => {
    let smaller = 0;
    for (const plan of networks) {
      const { arenaLowerBoundBytes: fast } = bind(plan, TARGET);
      const { arenaLowerBoundBytes: portable } = bind(plan, TARGET, { choice: () => PORTABLE });
      expect(fast).toBeLessThanOrEqual(portable * 1.01);
      if (fast !== portable) smaller++;
    }
    // Something was chosen at a peak: the comparison is not one of equals throughout.
    expect(smaller).toBeGreaterThan(0);
  });

  it('say why a step has a later kernel', () => {
    const plan = networks.find((candidate) =>
      bind(candidate, TARGET).steps.some((step) => step.why.includes('would raise the arena')),
    );
    expect(plan).toBeDefined();
  });

  it('are refused where they do not apply, with what does', () => {
    const { plan } = STEP_OPS.conv2d.sample(createRandom(1), { inputBits: 8, weightBits: 2, mode: 'mulhi' });
    expect(() => bind(plan, TARGET, { choice: () => 'rows' })).toThrow(
      expect.objectContaining({ code: 'bind/variant' }),
    );
    const { plan: map } = STEP_OPS.softmax.sample(createRandom(1));
    expect(kernelsFor(map.steps[0]!, map, 'dsp')).toHaveLength(1);
  });

  it('stand in the order of measured cycles, where the arena allows, none slower than the portable one', () => {
    const plan = networks.find((candidate) => variantsOf(bind(candidate, TARGET)) > 1)!;
    const names = plan.steps.map((step) => kernelsFor(step, plan, 'dsp').map(kernelName));
    const slow = bind(plan, TARGET, { cycles: (_, kernel) => (kernel === PORTABLE ? 99 : 100) });
    expect(variantsOf(slow)).toBe(0);
    expect(slow.steps.map(({ why }) => why).join()).toContain('measured cycles: portable 99, ');
    // The last variant of each step is the quickest.
    const chosen = chooseKernels(plan, 'dsp', {
      cycles: (index, kernel) => (kernel === PORTABLE ? 99 : 90 - names[index]!.indexOf(kernel)),
    }).map(kernelName);
    const last = names.map((kernels) => kernels.at(-2) ?? PORTABLE);
    expect(chosen.filter((kernel, i) => kernel === last[i] && kernel !== PORTABLE)).not.toEqual([]);
    // Without all figures the rule stands.
    const partial = bind(plan, TARGET, { cycles: (_, kernel) => (kernel === PORTABLE ? 1 : undefined) });
    expect(partial.steps).toEqual(bind(plan, TARGET).steps);
  });

  it('are nothing for a core without their feature', () => {
    const scalar = bind(networks[0]!, { core: 'm4', feature: 'scalar' });
    expect(variantsOf(scalar)).toBe(0);
    expect(variantsOf(bind(networks[0]!, TARGET))).toBeGreaterThan(0);
  });
});

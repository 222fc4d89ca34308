/** Linked kernels: taken together where both layers are quicker and the arena allows, refused one without the other. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { chooseKernels, kernelsFor } from '../../../src/bind/variants/choose.js';
import { type KernelCycles, kernelName } from '../../../src/bind/variants/chosen-kernel.js';
import { linkedKernels } from '../../../src/bind/variants/links.js';
import { boundPlanProblems, verifyBoundPlan } from '../../../src/invariants/bound.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { chainPlan, likeBefore } from '../../support/chain-plan.js';

const TARGET = { core: 'm4', feature: 'dsp' } as const;
const NAMES = ['columnsplanes', 'planesready'];

/** With a larger layer of its own that decides the arena where `roomy`. */
const linkablePlan = (roomy: boolean): DeployPlan => chainPlan(roomy ? [likeBefore([96, 96, 16], 96)] : []);

/** Every kernel takes 100 cycles, but a linked one as many as given. */
const cyclesWith =
  (writer: number, reader: number): KernelCycles =>
  (_, kernel) =>
    kernel === NAMES[0] ? writer : kernel === NAMES[1] ? reader : 100;

const namesWith = (plan: DeployPlan, writer: number, reader: number): string[] =>
  chooseKernels(plan, 'dsp', { cycles: cyclesWith(writer, reader) })
    .slice(0, 2)
    .map(kernelName);

describe('linked kernels', () => {
  it('are taken where the sum of both layers is less', () => {
    const plan = linkablePlan(true);
    expect(namesWith(plan, 130, 60)).toEqual(NAMES);
    const [writer, reader] = bind(plan, TARGET, { cycles: cyclesWith(130, 60) }).steps;
    expect(writer!.why).toBe(
      'measured cycles of both layers: columnsplanes 130 and planesready 60, columns 100 and planes 100',
    );
    expect(reader!.why).toBe(writer!.why);
  });

  it('are left where it is not, or nothing was measured', () => {
    const plan = linkablePlan(true);
    expect(namesWith(plan, 150, 60)).toEqual(['columns', 'planes']);
    expect(namesWith(plan, 140, 60)).toEqual(['columns', 'planes']);
    expect(chooseKernels(plan, 'dsp').slice(0, 2).map(kernelName)).toEqual(['columns', 'planes']);
  });

  it('raise the arena no further than others may', () => {
    expect(namesWith(linkablePlan(false), 130, 60)).toEqual(['columns', 'planes']);
  });

  it('give the map between them its layout, its padding counted', () => {
    const plan = linkablePlan(true);
    const bound = bind(plan, TARGET, { cycles: cyclesWith(130, 60) });
    verifyBoundPlan(bound);
    const map = bound.tensors.find(({ tensor }) => tensor === plan.steps[0]!.output)!;
    // 26 rows of 26 int16 values, 96 channels.
    expect(map).toMatchObject({
      bytes: 26 * 26 * 2 * 96,
      layout: { rows: 26, columns: 26, top: 1, left: 1 },
    });
    const wrong = bound.tensors.map((t) => (t === map ? { ...t, bytes: 24 * 24 * 96 } : t));
    expect(boundPlanProblems({ ...bound, tensors: wrong })).toContainEqual(
      expect.stringContaining(`${24 * 24 * 96} bytes instead of ${26 * 26 * 2 * 96}`),
    );
  });

  it('are refused one without the other', () => {
    const plan = linkablePlan(true);
    for (const lone of [0, 1]) {
      const choice = (_: unknown, index: number): string | undefined =>
        index === lone ? NAMES[lone] : undefined;
      expect(() => bind(plan, TARGET, { choice })).toThrow(expect.objectContaining({ code: 'bind/link' }));
    }
  });

  it('need a map that the next layer alone reads', () => {
    const plan = linkablePlan(true);
    expect(linkedKernels(plan, 'dsp')).toHaveLength(1);
    const { output } = plan.steps[0]!;
    const outputs = [...plan.outputs, { name: 'map', tensor: output, dtype: 'int8' as const }];
    expect(linkedKernels({ ...plan, outputs }, 'dsp')).toEqual([]);
    const apart = { ...plan, steps: [plan.steps[0]!, plan.steps[2]!, plan.steps[1]!] };
    expect(linkedKernels(apart, 'dsp')).toEqual([]);
    expect(kernelsFor(plan.steps[0]!, plan, 'dsp').map(kernelName)).not.toContain(NAMES[0]);
  });
});

/** The planner against figures from the literature (MCUNetV2 on MobileNetV2) and against itself on small networks. */
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measuredCosts } from '../../../src/bind/measure.js';
import { planStagesByCycles } from '../../../src/evaluate/plan-stages.js';
import { importModel } from '../../../src/import/index.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { stepBitOps, stepMacs } from '../../../src/ops/index.js';
import { planPatches, type StagePlan, StagePlanner } from '../../../src/patch/plan-patches.js';
import { createRandom } from '../../../src/support/random.js';
import { PERSON_MODEL, readBytes, sharedPath } from '../../support/paths.js';
import { randomNetwork } from '../../support/random-network.js';

const KIB = 1024;
const MOBILENET_V2 = sharedPath('models/mobilenet_v2_1.0_224_ptq_perchannel.tflite');

const load = (path: string): DeployPlan =>
  lowerToPlan(importModel(readBytes(path), basename(path)), { mode: 'tflm' });

describe.skipIf(MOBILENET_V2 === undefined)(
  'MobileNetV2-1.0-224, stem and 4 blocks, 4×4 patches (needs the shared data)',
  () => {
    const plan = (): DeployPlan => load(MOBILENET_V2!);
    const request = { stageLayers: 13, grid: [4, 4], input: 'streamed' } as const;

    it('has the published patches, halos and peak', () => {
      const { chosen } = planPatches(plan(), measuredCosts, request);
      expect(chosen).toMatchObject({ kind: 'patches', patchHeight: 75, patchWidth: 75 });
      expect(chosen.stageMacsUnclipped / 1e6).toBeCloseTo(129.5, 1);
      expect(chosen.stageMacsUnclipped / chosen.stageMacsWhole).toBeCloseTo(1.42, 2);
      expect(chosen.stageMacs / chosen.stageMacsWhole).toBeCloseTo(1.31, 2);
      // 28² · (32 + 192), the first block after the stage.
      expect(chosen.tensorBytes).toBe(28 * 28 * (32 + 192));
      expect(chosen.arenaBytes).toBeLessThanOrEqual(190 * KIB);
    });

    it('needs 112² · (16 + 96) layer by layer, counted the same way', () => {
      const { chosen } = planPatches(plan(), measuredCosts, { kinds: ['layers'] });
      expect(chosen.tensorBytes).toBe(1372 * KIB);
    });
  },
);

describe('the planner', () => {
  const person = load(PERSON_MODEL);
  const planner = new StagePlanner(person, measuredCosts, {});

  it('finds a plan of MobileNetV2-0.35-160 within 64 KiB, without a MAC more', () => {
    const { chosen, fits, plan } = planner.choose(64 * KIB);
    expect(fits).toBe(true);
    expect(chosen).toMatchObject({ kind: 'streaming', input: 'streamed' });
    expect(chosen.totalMacs).toBe(29_597_360);
    expect(measuredCosts.memory(plan).arenaBytes).toBe(chosen.arenaBytes);
  });

  it('prefers what costs least: whole layers where they fit, else the fewest MACs that fit', () => {
    expect(planner.choose(512 * KIB).chosen.kind).toBe('layers');
    const { chosen, fits, plans } = planPatches(person, measuredCosts, {
      budgetBytes: 64 * KIB,
      kinds: ['patches'],
      input: 'streamed',
    });
    expect(fits).toBe(true);
    const cheaper = (p: StagePlan): boolean => p.arenaBytes <= 64 * KIB && p.totalMacs < chosen.totalMacs;
    expect(plans.filter(cheaper)).toEqual([]);
  });

  it('gives the smallest peak where nothing fits', () => {
    const { chosen, fits, plans } = planner.choose(16 * KIB);
    expect(fits).toBe(false);
    expect(chosen.arenaBytes).toBe(Math.min(...plans.map((p) => p.arenaBytes)));
    expect(chosen.peakLayer).not.toBe('');
  });

  it('counts BitOPs by the widths of each layer and chooses by them', () => {
    const first = person.steps.find((step) => step.op === 'conv2d')!;
    const index = person.steps.indexOf(first);
    const steps = person.steps.with(index, { ...first, weightBits: 4 } as typeof first);
    const macs = stepMacs(first, person);
    const bitOps = steps.reduce((sum, step) => sum + stepBitOps(step, { ...person, steps }), 0);
    expect(macs).toBe(80 * 80 * 16 * 27);
    expect(bitOps).toBe(64 * 29_597_360 - 8 * 4 * macs);
    const budget = { budgetBytes: 64 * KIB, kinds: ['patches'], input: 'streamed' } as const;
    const byBits = planPatches(person, measuredCosts, { ...budget, cost: 'bitops' }).chosen;
    expect(byBits.totalBitOps).toBe(64 * byBits.totalMacs);
    expect(byBits).toEqual(planPatches(person, measuredCosts, budget).chosen);
  });

  it('chooses by measured cycles among what fits', async () => {
    const measured: number[] = [];
    const cyclesOf = async (plan: DeployPlan): Promise<number> => {
      measured.push(measuredCosts.memory(plan).arenaBytes);
      // Plans with more steps are made to look faster: the opposite of MACs and pieces.
      return 1e6 - plan.steps.length;
    };
    const options = { sramBytes: 128 * KIB, input: 'streamed' } as const;
    const { report, plan } = await planStagesByCycles(person, options, cyclesOf);
    expect(measured.length).toBeGreaterThan(3);
    expect(Math.max(...measured)).toBeLessThanOrEqual(124 * KIB);
    const counted = report.plans.flatMap(({ cycles }) => (cycles === null ? [] : [cycles]));
    expect(counted).toHaveLength(measured.length);
    expect(report.chosen.cycles).toBe(Math.min(...counted));
    expect(1e6 - plan.steps.length).toBe(report.chosen.cycles);
    expect(report.plans.filter(({ chosen }) => chosen)).toHaveLength(1);
  });

  it('refuses a stage that does not exist', () => {
    expect(() => planPatches(person, measuredCosts, { stageLayers: 1000 })).toThrow(/no such patch stage/);
  });

  it('states figures that agree with each other, on random networks', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { plan } = randomNetwork(createRandom(seed));
      for (const { arenaBytes, lowerBoundBytes, tensorBytes } of planPatches(plan, measuredCosts, {}).plans) {
        expect(lowerBoundBytes, `seed ${seed}`).toBeLessThanOrEqual(arenaBytes);
        expect(tensorBytes, `seed ${seed}`).toBeLessThanOrEqual(lowerBoundBytes);
      }
    }
  });
});

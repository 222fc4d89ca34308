/** Kernels by measured cycles: never slower than those of the rule, the same bytes, measured once per firmware. */
import { afterAll, describe, expect, it } from 'vitest';
import { chooseKernels } from '../../src/bind/variants/choose.js';
import { kernelName, PORTABLE } from '../../src/bind/variants/chosen-kernel.js';
import { randomInputs } from '../../src/cli/network-inputs.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { elfMemoryUse, readElf } from '../../src/compile/read-elf.js';
import { autotune } from '../../src/evaluate/autotune.js';
import { buildProject } from '../../src/evaluate/build-project.js';
import { measureStepCycles } from '../../src/evaluate/measure-cycles.js';
import { verifyPlan } from '../../src/pipeline.js';
import { formatVerify } from '../../src/report/verify-text.js';
import { type Cache, noCache } from '../../src/support/cache.js';
import { findBoard } from '../../src/targets/index.js';
import { chainPlan, likeBefore, likeBehind } from '../support/chain-plan.js';
import { tinyPlan } from './tiny-plan.js';

const host = createNodeHost();
afterAll(() => host.cleanUp());

const board = findBoard('l4r5zi')!;
const now = (): number => 0;

/** Remembers in memory and counts what is made. */
function countingCache(): Cache & { made: number } {
  const values = new Map<string, unknown>();
  return {
    ...noCache,
    made: 0,
    async json<T>(key: string, make: () => T | Promise<T>): Promise<T> {
      if (!values.has(key)) {
        this.made++;
        values.set(key, await make());
      }
      return values.get(key) as T;
    },
  };
}

describe('autotuning', () => {
  it('has no plan slower than by rule, equal bytes, and measures once', async () => {
    const plan = tinyPlan();
    const cache = countingCache();
    const cycles = await autotune(host, plan, board, { cache, now });
    expect(cycles).toBeDefined();
    const { made } = cache;
    expect(made).toBeGreaterThan(1);
    await autotune(host, plan, board, { cache, now });
    expect(cache.made).toBe(made);
    const usual = await measureStepCycles(host, plan, board, { cache: noCache, now });
    const portable = await measureStepCycles(host, plan, board, {
      ...{ cache: noCache, now, choice: () => PORTABLE },
    });
    const inputs = randomInputs(plan, 1);
    const { report } = await verifyPlan(host, plan, board, {
      ...{ inputs: inputs.bytes, inputName: inputs.source, now, cycles: cycles! },
    });
    expect(report.ok).toBe(true);
    expect(report.totals.cycles).toBeLessThanOrEqual(usual.invoke);
    expect(report.totals.cycles).toBeLessThan(portable.invoke);
    expect(formatVerify(report)).toContain('measured cycles');
  }, 60_000);

  it('leaves linked kernels out where the firmware fits the flash only without them', async () => {
    // The layers alone decide the arena, and need the usual kernels beside the linked ones.
    const plan = chainPlan([likeBefore([48, 48, 16], 80), likeBehind([24, 24, 16])]);
    const linked = ['columnsplanes', 'planesready', 'columns', 'planes'];
    const usual = ['columns', 'planes', 'columns', 'planes'];
    const { elf } = await buildProject(host, plan, board, { choice: (_, index) => linked[index], now });
    const { flashBytes } = elfMemoryUse(readElf(elf));
    const small = { ...board, flash: { ...board.flash, bytes: flashBytes - 1 } };

    const cycles = (await autotune(host, plan, small, { cache: noCache, now }))!;
    // Known of all kernels but the linked ones, which are not left out where the firmware fits with them.
    expect(cycles(0, 'columns')).toBeGreaterThan(0);
    expect(cycles(0, 'columnsplanes')).toBeUndefined();
    expect(chooseKernels(plan, 'dsp', { cycles }).map(kernelName)).toEqual(usual);
    expect(await buildProject(host, plan, small, { cycles, now })).toMatchObject({ isVirtual: false });
  }, 60_000);
});

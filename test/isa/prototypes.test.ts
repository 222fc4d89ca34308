/**
 * Hand-scheduled kernels of the optional collection (SHARED_DIR, else ../shared), against the instructions and cycles
 * published for them and against block counts on Unicorn. Skipped by name without the collection or its tools.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/compile/read-elf.js';
import { createBuiltinMachine } from '../../src/emulate/builtin-machine.js';
import type { Machine } from '../../src/emulate/machine.js';
import { unicornAvailable } from '../../src/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../src/emulate/unicorn-machine.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import {
  buildPrototype,
  eachKernel,
  load,
  type PrototypeRun,
  prototypesMissing,
  REGIONS,
} from '../support/prototypes.mjs';

const figures = JSON.parse(
  readFileSync(new URL('./cycles/prototype-figures.json', import.meta.url), 'utf8'),
) as Record<'cyclesPerMac' | 'instructionsPerMac', Readonly<Record<string, number>>>;

/** The drivers' C parts were compiled elsewhere by another build: kernels with few channels differ most. */
const TOLERANCE = 0.02;
/** Block counts and the core see the same table; they part at branches' neighbours and divisions. */
const ENGINE_TOLERANCE = 0.005;
/** The driver's note of how many outputs were wrong so far. */
const MISMATCHES = /mismatches/;
const OPTIONS = { core: 'm4', regions: REGIONS, countCycles: true, watchMemory: false } as const;
const missing = prototypesMissing();
const seen = new Set<string>();

/** The first `kernels` marked stretches, each kernel once; no output may be wrong. */
function measure(machine: Machine, elf: ElfImage, kernels: number): ReadonlyMap<string, PrototypeRun> {
  const runs = new Map<string, PrototypeRun>();
  let left = kernels;
  eachKernel(load(machine, elf), elf, (run) => {
    if (MISMATCHES.test(run.name)) expect(run.mismatches, `outputs before ${run.name}`).toBe(0);
    else if (!runs.has(run.name)) runs.set(run.name, run);
    return --left > 0;
  });
  machine.dispose();
  return runs;
}

const builtin = (elf: ElfImage, kernels: number): ReadonlyMap<string, PrototypeRun> =>
  measure(createBuiltinMachine({ ...OPTIONS, fpuEnabled: true }), elf, kernels);

describe.skipIf(missing !== '')(
  `prototype kernels${missing === '' ? '' : ` (skipped: no ${missing})`}`,
  () => {
    it.each([
      ['b_pw88.c', 40],
      ['b_dw3.c', 10],
      ['b_pw44.c', 8],
      ['b_pw84.c', 8],
      ['b_misc.c', 40],
    ])('%s takes the published instructions and cycles', (driver, kernels) => {
      const runs = builtin(readElf(buildPrototype(driver)), kernels);
      const known = [...runs.values()].filter(({ name }) => name in figures.cyclesPerMac);
      expect(known.length).toBeGreaterThan(1);
      for (const { name, macs, instructions, cycles } of known) {
        seen.add(name);
        expect(Math.abs(cycles / macs / figures.cyclesPerMac[name]! - 1), `${name}: cycles`).toBeLessThan(
          TOLERANCE,
        );
        const published = figures.instructionsPerMac[name];
        if (published === undefined) continue;
        expect(Math.abs(instructions / macs / published - 1), `${name}: instructions`).toBeLessThan(
          TOLERANCE,
        );
      }
    });

    it('leaves no published figure out', () => {
      expect([...seen].sort()).toEqual(Object.keys(figures.cyclesPerMac).sort());
    });

    it.skipIf(!unicornAvailable().available)(
      'block counts on Unicorn agree with the core (needs libunicorn)',
      () => {
        const elf = readElf(buildPrototype('b_pw88.c'));
        const ours = builtin(elf, 4);
        const theirs = measure(createUnicornMachine(OPTIONS), elf, 4);
        expect([...ours.keys()]).toEqual([...theirs.keys()]);
        for (const [name, { cycles, instructions }] of ours) {
          const other = theirs.get(name)!;
          expect(instructions, name).toBe(other.instructions);
          expect(Math.abs(cycles / other.cycles - 1), name).toBeLessThan(ENGINE_TOLERANCE);
        }
      },
    );
  },
);

/**
 * Hand-scheduled kernels of the optional collection (SHARED_DIR, else ../shared), against the cycles published for them
 * and against block counts on Unicorn. Skipped by name without the collection, python3 or arm-none-eabi-gcc.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/compile/read-elf.js';
import { createBuiltinMachine } from '../../src/emulate/builtin-machine.js';
import type { Machine } from '../../src/emulate/machine.js';
import { unicornAvailable } from '../../src/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../src/emulate/unicorn-machine.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import { ROOT } from '../support/paths.js';
import { hasArmGcc, inTemporaryFolder, symbolAddress } from '../support/thumb-program.js';

const PROTOTYPES = join(process.env.SHARED_DIR ?? join(ROOT, '../shared'), 'prototypes');
const READY =
  hasArmGcc &&
  existsSync(join(PROTOTYPES, 'gen_pw88.py')) &&
  spawnSync('python3', ['--version']).status === 0;
const FIGURES: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL('./cycles/prototype-figures.json', import.meta.url), 'utf8'),
).cyclesPerMac;

/** The drivers' C parts were compiled elsewhere by another build: kernels with few channels differ most. */
const TOLERANCE = 0.02;
/** Block counts and the core see the same table; they part at branches' neighbours and divisions. */
const ENGINE_TOLERANCE = 0.005;
const CFLAGS = '-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Ofast -nostartfiles -T link.ld';
const BUDGET = 1e9;
const NAME_BYTES = 64;
const REGIONS = [
  { name: 'flash', origin: 0, bytes: 1 << 24, writable: false },
  { name: 'sram', origin: 0x20000000, bytes: 1 << 24, writable: true },
];
const OPTIONS = { core: 'm4', regions: REGIONS, countCycles: true, watchMemory: false } as const;

const PROGRAMS = [
  ['b_pw88.c', ['pw88'], 40],
  ['b_dw3.c', ['dw3'], 10],
  ['b_pw44.c', ['pw44'], 8],
  ['b_pw84.c', ['pw84', 'misc'], 8],
  ['b_misc.c', ['misc', 'pw88'], 40],
] as const;

function build(driver: string, generators: readonly string[]): ElfImage {
  return inTemporaryFolder((cwd) => {
    for (const file of readdirSync(PROTOTYPES).filter((name) => /\.(c|h|py|ld)$/.test(name))) {
      copyFileSync(join(PROTOTYPES, file), join(cwd, file));
    }
    for (const name of generators) execFileSync('python3', [`gen_${name}.py`], { cwd });
    const sources = ['start.c', driver, ...generators.map((name) => `${name}.S`)];
    execFileSync('arm-none-eabi-gcc', [...CFLAGS.split(' '), ...sources, '-o', 'a.elf'], {
      cwd,
      stdio: 'pipe',
    });
    return readElf(new Uint8Array(readFileSync(join(cwd, 'a.elf'))));
  });
}

/** Cycles per multiply-accumulate of the first `kernels` marked stretches, by name. */
function measure(machine: Machine, elf: ElfImage, kernels: number): ReadonlyMap<string, number> {
  const results = new Map<string, number>();
  for (const { loadAddress, data } of elf.segments) machine.write(loadAddress, data);
  machine.reset(0);
  for (let kernel = 0; kernel < kernels; kernel++) {
    if (machine.runUntil(symbolAddress(elf, 'bench_begin'), BUDGET).kind !== 'reached') break;
    const bytes = machine.read(machine.readRegister(0), NAME_BYTES);
    const name = new TextDecoder('latin1').decode(bytes.subarray(0, bytes.indexOf(0)));
    const macs = machine.readRegister(1);
    const before = machine.counters().cycles;
    machine.runUntil(symbolAddress(elf, 'bench_end'), BUDGET);
    if (!results.has(name)) results.set(name, (machine.counters().cycles - before) / macs);
  }
  machine.dispose();
  return results;
}

describe.skipIf(!READY)('prototype kernels (needs SHARED_DIR, python3, arm-none-eabi-gcc)', () => {
  it.each(PROGRAMS)('%s takes the published cycles', (driver, generators, kernels) => {
    const elf = build(driver, generators);
    const results = measure(createBuiltinMachine({ ...OPTIONS, fpuEnabled: true }), elf, kernels);
    const known = [...results].filter(([name]) => name in FIGURES);
    expect(known.length).toBeGreaterThan(1);
    for (const [name, cycles] of known) {
      expect(Math.abs(cycles / FIGURES[name]! - 1), `${name}: ${cycles}`).toBeLessThan(TOLERANCE);
    }
  });

  it.skipIf(!unicornAvailable().available)('block counts on Unicorn agree with the core', () => {
    const elf = build('b_pw88.c', ['pw88']);
    const ours = measure(createBuiltinMachine({ ...OPTIONS, fpuEnabled: true }), elf, 4);
    const theirs = measure(createUnicornMachine(OPTIONS), elf, 4);
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    for (const [name, cycles] of ours) {
      expect(Math.abs(cycles / theirs.get(name)! - 1), name).toBeLessThan(ENGINE_TOLERANCE);
    }
  });
});

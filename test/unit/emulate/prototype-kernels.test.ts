/**
 * Cycles per multiply-accumulate of hand-scheduled kernels, against figures that were worked out with another
 * emulator and another counter (SHARED_DIR/kernels.md, "What was reached in prototypes"). Skipped where that
 * collection or its tools are missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../src/compile/read-elf.js';
import type { MachineOptions } from '../../../src/emulate/machine.js';
import { unicornAvailable } from '../../../src/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../../src/emulate/unicorn-machine.js';
import type { ElfImage } from '../../../src/ir/elf-image.js';
import { ROOT } from '../../support/paths.js';
import { hasArmGcc, inTemporaryFolder, symbolAddress } from '../../support/thumb-program.js';

const PROTOTYPES = join(process.env.SHARED_DIR ?? join(ROOT, '../shared'), 'prototypes');
const ready =
  hasArmGcc &&
  unicornAvailable().available &&
  existsSync(join(PROTOTYPES, 'gen_pw88.py')) &&
  spawnSync('python3', ['--version']).status === 0;

/** Kernel → cycles and instructions per multiply-accumulate, as kernels.md prints them. */
const FIGURES: Readonly<Record<string, readonly [number, number]>> = {
  'a8w8 1x1 24x24x96->24': [1.11, 0.985],
  'a8w8 1x1 12x12x32->192': [1.162, 1.053],
  'a8w8 1x1 6x6x576->96 (mid extraction)': [0.994, 0.914],
  'a8w8 1x1 48x48x16->96': [1.398, 1.234],
  'a8w8 1x1 12x12x128->128': [1.029, 0.943],
  'a8w8 dw 3x3 s1 24x24x96': [1.694, 1.553],
  'a8w8 dw 3x3 s2 24x24x96': [2.584, 2.361],
  'a8w8 fully connected 1280->100': [1.274, 1.186],
  'a2w8 1x1 24x24x96->24': [0.709, 0.613],
  'a8w2 1x1 12x12x128->128': [0.628, 0.542],
};
/** The figures include the call of the marker functions differently: up to two instructions per call. */
const TOLERANCE = 0.005;
/** Longest benchmark name printed. */
const NAME_BYTES = 64;
const BUDGET = 500e6;
const CFLAGS = '-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Ofast -nostartfiles -T link.ld';

function build(generators: readonly string[], driver: string): ElfImage {
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

interface Measured {
  readonly cycles: number;
  readonly instructions: number;
  readonly mismatches: number;
}

const MEMORY: MachineOptions['regions'] = [
  { name: 'flash', origin: 0, bytes: 16 << 20, writable: false },
  { name: 'sram', origin: 0x20000000, bytes: 16 << 20, writable: true },
];

/** Runs the driver until all of `wanted` were measured, per multiply-accumulate. */
function measure(elf: ElfImage, wanted: readonly string[]): ReadonlyMap<string, Measured> {
  const machine = createUnicornMachine({
    core: 'm4',
    regions: MEMORY,
    countCycles: true,
    watchMemory: false,
  });
  const results = new Map<string, Measured>();
  try {
    for (const { loadAddress, address, data } of elf.segments) {
      machine.write(loadAddress, data);
      if (address !== loadAddress) machine.write(address, data);
    }
    machine.reset(0);
    while (wanted.some((name) => !results.has(name))) {
      if (machine.runUntil(symbolAddress(elf, 'bench_begin'), BUDGET).kind !== 'reached') break;
      const name = machine.read(machine.readRegister(0), NAME_BYTES);
      const macs = machine.readRegister(1);
      const before = machine.counters();
      machine.runUntil(symbolAddress(elf, 'bench_end'), BUDGET);
      const after = machine.counters();
      results.set(new TextDecoder('latin1').decode(name.subarray(0, name.indexOf(0))), {
        cycles: (after.cycles - before.cycles) / macs,
        instructions: (after.instructions - before.instructions) / macs,
        mismatches: machine.readRegister(0),
      });
    }
  } finally {
    machine.dispose();
  }
  return results;
}

describe.skipIf(!ready)(
  'prototype kernels (needs SHARED_DIR, python3, arm-none-eabi-gcc, libunicorn)',
  () => {
    it.each([
      ['b_pw88.c', ['pw88'], /^a8w8 1x1/],
      ['b_dw3.c', ['dw3'], /^a8w8 dw/],
      ['b_misc.c', ['misc', 'pw88'], /fully|^a2w8|^a8w2/],
    ] as const)('%s takes the cycles that were published for it', (driver, generators, names) => {
      const wanted = Object.keys(FIGURES).filter((name) => names.test(name));
      expect(wanted.length).toBeGreaterThan(1);
      const results = measure(build(generators, driver), wanted);
      for (const name of wanted) {
        const [cycles, instructions] = FIGURES[name]!;
        const found = results.get(name)!;
        expect(found.mismatches, name).toBe(0);
        expect(Math.abs(found.instructions / instructions - 1), name).toBeLessThan(TOLERANCE);
        expect(Math.abs(found.cycles / cycles - 1), name).toBeLessThan(TOLERANCE);
      }
    });
  },
);

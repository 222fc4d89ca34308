/**
 * Millions of emulated instructions per second, and cycles per multiply-accumulate beside published figures:
 * `npm run bench:emulate`. Runs on dist/.
 *
 * The programs are the hand-scheduled kernels of the optional collection (SHARED_DIR, or ../shared), compiled here; it
 * needs python3 and arm-none-eabi-gcc. Both engines run the same code with cycles counted and memory watched, Unicorn
 * through its JavaScript block hook. Times are processor times, so that other work on the machine counts less.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readElf } from '../../dist/compile/read-elf.js';
import { createBuiltinMachine } from '../../dist/emulate/builtin-machine.js';
import { unicornAvailable } from '../../dist/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../dist/emulate/unicorn-machine.js';

const SHARED = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const PROTOTYPES = join(SHARED, 'prototypes');
const CFLAGS =
  '-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Ofast -nostartfiles -T link.ld'.split(' ');
const REGIONS = [
  { name: 'flash', origin: 0, bytes: 16 << 20, writable: false },
  { name: 'sram', origin: 0x20000000, bytes: 16 << 20, writable: true },
];
const BUDGET = 2e9;
const NAME_BYTES = 64;
/** Kernels of each program that the engines are timed on. */
const KERNELS = 6;

/** Cycles per multiply-accumulate of SHARED_DIR/kernels.md. */
const FIGURES = new URL('../isa/cycles/prototype-figures.json', import.meta.url);
const PUBLISHED = JSON.parse(readFileSync(FIGURES, 'utf8')).cyclesPerMac;

/** Driver → generated assembly it is linked with. */
const PROGRAMS = {
  'b_pw88.c': ['pw88'],
  'b_dw3.c': ['dw3'],
  'b_pw44.c': ['pw44'],
  'b_pw84.c': ['pw84', 'misc'],
  'b_misc.c': ['misc', 'pw88'],
};

if (!existsSync(PROTOTYPES)) {
  console.error(`bench:emulate: ${PROTOTYPES} is missing; set SHARED_DIR`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'quantmcu-bench-'));
try {
  const elves = Object.entries(PROGRAMS).map(([driver, generators]) => build(driver, generators));
  reportCycles(elves);
  reportSpeed(elves);
} finally {
  rmSync(folder, { recursive: true });
}

function build(driver, generators) {
  for (const file of readdirSync(PROTOTYPES).filter((name) => /\.(c|h|py|ld)$/.test(name))) {
    copyFileSync(join(PROTOTYPES, file), join(folder, file));
  }
  for (const name of generators) execFileSync('python3', [`gen_${name}.py`], { cwd: folder });
  const sources = ['start.c', driver, ...generators.map((name) => `${name}.S`)];
  execFileSync('arm-none-eabi-gcc', [...CFLAGS, ...sources, '-o', 'a.elf'], { cwd: folder, stdio: 'pipe' });
  return readElf(new Uint8Array(readFileSync(join(folder, 'a.elf'))));
}

function open(create, elf, core) {
  const machine = create({ core, regions: REGIONS, countCycles: true, watchMemory: true, fpuEnabled: true });
  for (const { loadAddress, data } of elf.segments) machine.write(loadAddress, data);
  machine.reset(0);
  return machine;
}

/** Calls `visit(name, macs, instructions, cycles)` for each kernel until it returns false. */
function eachKernel(machine, elf, visit) {
  const [begin, end] = ['bench_begin', 'bench_end'].map((name) => elf.symbols.get(name).address);
  for (;;) {
    if (machine.runUntil(begin, BUDGET).kind !== 'reached') return;
    const text = machine.read(machine.readRegister(0), NAME_BYTES);
    const name = new TextDecoder('latin1').decode(text.subarray(0, text.indexOf(0)));
    const macs = machine.readRegister(1);
    const before = machine.counters();
    machine.runUntil(end, BUDGET);
    const after = machine.counters();
    if (!visit(name, macs, after.instructions - before.instructions, after.cycles - before.cycles)) return;
  }
}

function reportCycles(elves) {
  const rows = new Map();
  for (const core of ['m4', 'm33', 'm7']) {
    for (const elf of elves) {
      const machine = open(createBuiltinMachine, elf, core);
      let left = 60;
      eachKernel(machine, elf, (name, macs, instructions, cycles) => {
        if (name in PUBLISHED && rows.get(name)?.[core] === undefined) {
          rows.set(name, { ...rows.get(name), instructions: instructions / macs, [core]: cycles / macs });
        }
        return --left > 0;
      });
    }
  }
  console.log(
    'cycles per multiply-accumulate, zero wait states'.padEnd(50),
    'instr.   M4   published  diff.    M33    M7',
  );
  for (const [name, row] of rows) {
    const difference = (row.m4 / PUBLISHED[name] - 1) * 100;
    const cells = [row.instructions, row.m4, PUBLISHED[name]].map((value) => value.toFixed(3));
    const others = [row.m33, row.m7].map((value) => value.toFixed(3)).join('  ');
    console.log(
      `  ${name.padEnd(48)} ${cells.join('   ')}  ${difference.toFixed(2).padStart(6)} %  ${others}`,
    );
  }
}

function reportSpeed(elves) {
  // V8 needs some calls before its optimising compiler takes over: a first round that is not counted
  const cold = timed(createBuiltinMachine, elves[0], KERNELS).milliseconds;
  const builtin = speed('built-in core', createBuiltinMachine, elves);
  console.log(`  (the very first run, V8 compiling the core: ${cold.toFixed(0)} ms)`);
  const { available, reason } = unicornAvailable();
  if (!available) {
    console.log(`Unicorn: skipped (${reason})`);
    return;
  }
  const unicorn = speed('Unicorn, JavaScript block hook', createUnicornMachine, elves);
  console.log(`ratio: ${(builtin / unicorn).toFixed(1)}`);
}

/** MIPS over every program from reset through its first kernels: set-up, kernels and the C reference that checks them. */
function speed(title, create, elves) {
  const runs = elves.map((elf) => timed(create, elf, KERNELS));
  const instructions = runs.reduce((sum, run) => sum + run.instructions, 0);
  const milliseconds = runs.reduce((sum, run) => sum + run.milliseconds, 0);
  const mips = instructions / milliseconds / 1000;
  const each = runs.map((run) => (run.instructions / run.milliseconds / 1000).toFixed(0)).join(' ');
  const millions = (instructions / 1e6).toFixed(0);
  console.log(`${title}: ${mips.toFixed(0)} MIPS over ${millions} M instructions (by program: ${each})`);
  return mips;
}

function timed(create, elf, kernels) {
  const machine = open(create, elf, 'm4');
  const started = process.cpuUsage();
  let left = kernels;
  eachKernel(machine, elf, () => --left > 0);
  const { user, system } = process.cpuUsage(started);
  const milliseconds = (user + system) / 1000;
  const { instructions } = machine.counters();
  machine.dispose();
  return { instructions, milliseconds };
}

/**
 * Millions of emulated instructions per second, and cycles per multiply-accumulate beside published figures:
 * `npm run bench:emulate`. Runs on dist/.
 *
 * The programs are the hand-scheduled kernels of the optional collection (SHARED_DIR, or ../shared) with their compiled
 * drivers and references, which need python3 and arm-none-eabi-gcc; then the firmware of a whole network. Both engines run the same code with cycles counted and memory watched, Unicorn
 * through its JavaScript block hook. Times are processor times, so that other work on the machine counts less.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomInputs } from '../../dist/cli/network-inputs.js';
import { readElf } from '../../dist/compile/read-elf.js';
import { createBuiltinMachine } from '../../dist/emulate/builtin-machine.js';
import { unicornAvailable } from '../../dist/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../dist/emulate/unicorn-machine.js';
import { createNodeHost, findBoard, planModel, verifyPlan } from '../../dist/index.js';
import {
  buildPrototype,
  eachKernel,
  load,
  PROGRAMS,
  prototypesMissing,
  REGIONS,
} from '../support/prototypes.mjs';

/** Kernels of each program that the engines are timed on. */
const KERNELS = 6;
const MODEL = '../fixtures/person-detection/mobilenet_v2_0.35_160_person_int8.tflite';

/** Cycles per multiply-accumulate of SHARED_DIR/kernels.md. */
const FIGURES = new URL('../isa/cycles/prototype-figures.json', import.meta.url);
const PUBLISHED = JSON.parse(readFileSync(FIGURES, 'utf8')).cyclesPerMac;

const missing = prototypesMissing();
if (missing === '') {
  const elves = Object.keys(PROGRAMS).map((driver) => readElf(buildPrototype(driver)));
  reportCycles(elves);
  reportSpeed(elves);
} else console.log(`hand-scheduled kernels: skipped, for want of ${missing}`);
await reportNetwork();

/** One inference of a whole network on the emulated M4, cycles counted, memory watched, every layer compared. */
async function reportNetwork() {
  const host = createNodeHost();
  const { plan } = await planModel(host, fileURLToPath(new URL(MODEL, import.meta.url)), {});
  const inputs = randomInputs(plan, 1).bytes;
  const now = () => performance.now();
  for (const engine of ['builtin', ...(unicornAvailable().available ? ['unicorn'] : [])]) {
    const options = { inputs, inputName: 'seed 1', engine, now };
    const { report } = await verifyPlan(host, plan, findBoard('l4r5zi'), options);
    const { emulateMs, compileMs } = report.timing;
    const { cycles } = report.totals;
    console.log(
      `${plan.name} on an M4, ${engine}: ${(emulateMs / 1000).toFixed(2)} s of emulation after ` +
        `${(compileMs / 1000).toFixed(1)} s of compilation; ${(cycles / 1e6).toFixed(1)} M cycles, ` +
        `${report.ok ? 'every feature map equal' : 'DIFFERENT'}`,
    );
  }
  host.cleanUp();
}

function open(create, elf, core) {
  return load(
    create({ core, regions: REGIONS, countCycles: true, watchMemory: true, fpuEnabled: true }),
    elf,
  );
}

function reportCycles(elves) {
  const rows = new Map();
  for (const core of ['m4', 'm33', 'm7']) {
    for (const elf of elves) {
      const machine = open(createBuiltinMachine, elf, core);
      let left = 60;
      eachKernel(machine, elf, ({ name, macs, instructions, cycles }) => {
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

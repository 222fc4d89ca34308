/**
 * The same forms against QEMU, a second oracle with exceptions and an FPU of its own version. M4 and M7: QEMU's M33 board
 * maps memory elsewhere. Skipped by name without qemu-system-arm and arm-none-eabi-gcc. ISA_CASES and ISA_SEED as in
 * differential.test.ts.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/support/random.js';
import { createBuiltinEngine } from './builtin-engine.js';
import { prepareMemory, randomBytes, randomState } from './differential.js';
import { encode, type Form, supports } from './forms/form.js';
import { FORMS } from './forms/index.js';
import {
  MOST_CASES,
  QemuBatch,
  type QemuCase,
  type QemuCore,
  qemuPresent,
  ramChecksum,
} from './qemu/batch.js';
import {
  CODE_BYTES,
  describeDifference,
  type Engine,
  equalStates,
  PC,
  RAM_BYTES,
  RAM_ORIGIN,
  SP,
} from './state.js';

const CASES = Number(process.env.ISA_CASES ?? 10);
const SEED = Number(process.env.ISA_SEED ?? 20240611);
const SVC = 0xdf00;
const HOUR = 3_600_000;
/** The frame that an SVC pushes, and its padding. */
const FRAME = 40;

/** The driver ends a case with an SVC on the process stack: no branches, no masked exceptions, no main stack. */
const usable = (form: Form): boolean => !form.branch && !/CPSI|MSP/.test(form.name);

interface Expected {
  readonly form: string;
  readonly state: Uint32Array;
  readonly checksum: number;
  readonly before: Uint32Array;
}

describe.skipIf(!qemuPresent())(
  'the built-in core against QEMU (needs qemu-system-arm, arm-none-eabi-gcc)',
  () => {
    const totals: string[] = [];
    afterAll(() => {
      process.stdout.write(`${totals.join('\n')}\n`);
    });

    it.each(['m4', 'm7'] as const)(
      'executes every form alike on %s',
      (core) => {
        const forms = FORMS.filter((form) => supports(form, core) && usable(form));
        const batch = new QemuBatch(core);
        const engine = createBuiltinEngine(core);
        const differences: string[] = [];
        const perBatch = Math.max(1, Math.floor(MOST_CASES / CASES));
        let cases = 0;
        for (let first = 0; first < forms.length; first += perBatch) {
          const seed = SEED + first;
          const result = compareForms(
            engine,
            batch,
            forms.slice(first, first + perBatch),
            core,
            createRandom(seed),
          );
          cases += result.cases;
          differences.push(...result.differences.map((line) => `seed ${seed}: ${line}`));
        }
        batch.close();
        engine.close();
        totals.push(
          `isa ${core} against QEMU: ${forms.length} forms, ${cases} cases, ${differences.length} differences`,
        );
        expect(differences.slice(0, 20)).toEqual([]);
        expect(cases).toBeGreaterThan(forms.length * CASES * 0.9);
      },
      HOUR,
    );
  },
);

function compareForms(
  engine: Engine,
  batch: QemuBatch,
  forms: readonly Form[],
  core: QemuCore,
  random: Random,
): { readonly cases: number; readonly differences: readonly string[] } {
  const ram = randomBytes(random, RAM_BYTES);
  const code = randomBytes(random, CODE_BYTES);
  engine.writeCode(code);
  engine.writeRam(ram);
  const cases: QemuCase[] = [];
  const expected: Expected[] = [];
  for (const form of forms) {
    for (let index = 0; index < Math.min(CASES, MOST_CASES); index++) {
      addCase(engine, form, random, cases, expected);
    }
  }
  const results = batch.run(ram, code, cases);
  const differences = results.flatMap(({ state, checksum }, index) => {
    const want = expected[index]!;
    state[PC] = want.state[PC]!;
    const equal = equalStates(want.state, state, false);
    if (equal && checksum === want.checksum) return [];
    const text = [...cases[index]!.code].map((half) => half.toString(16)).join(' ');
    return [
      `${core} ${want.form} ${text}: ${equal ? 'memory differs' : describeDifference(want.before, want.state, state)}`,
    ];
  });
  return { cases: cases.length, differences };
}

/** Executes a random case on the built-in core and keeps it for QEMU, if it leaves SP where an SVC can push. */
function addCase(engine: Engine, form: Form, random: Random, cases: QemuCase[], expected: Expected[]): void {
  const { code, fields } = encode(form, random);
  const before = new Uint32Array(50);
  randomState(random, before);
  // QEMU 7.2 rounds fixed point to nearest whatever FPSCR says, as the manual does and Unicorn 2.0.1 does not
  prepareMemory({ ...form, nearestOnly: false }, fields, random, before);
  const state = before.slice();
  const whole = Uint16Array.from([...code, SVC]);
  const kept = engine.ram().slice();
  const outcome = engine.execute(whole, false, state, code.length);
  const sp = (state[SP]! & ~3) - RAM_ORIGIN;
  if (outcome === 'fault' || sp < 2 * FRAME || sp > RAM_BYTES - FRAME) {
    engine.writeRam(kept);
    return;
  }
  // what the SVC pushes is no part of the comparison: zero on both sides
  engine.ram().fill(0, (sp - 32) & ~7, sp);
  cases.push({ state: before, code: whole });
  expected.push({ form: form.name, state, checksum: ramChecksum(engine.ram()), before });
}

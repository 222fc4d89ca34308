/** Programs on the built-in core: counts by hand from the assembly, passages, memory, ends and faults by name. */
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../src/compile/read-elf.js';
import { functionProfile } from '../../../src/emulate/builtin-profile.js';
import {
  addressOf,
  type ElfRun,
  type EmulateElfOptions,
  emulateElf,
} from '../../../src/emulate/emulate-elf.js';
import type { FaultKind } from '../../../src/emulate/machine.js';
import { mergeProfiles } from '../../../src/emulate/merge-profiles.js';
import type { ElfImage } from '../../../src/ir/elf-image.js';
import { buildProgram, SRAM, STACK_TOP } from '../../support/debug-program.js';
import { assemble, hasArmGcc, SRAM_BYTES, SRAM_ORIGIN } from '../../support/thumb-program.js';

const why = hasArmGcc ? '' : ' (skipped: arm-none-eabi-gcc absent)';
const test = it.skipIf(!hasArmGcc);

function run(elf: ElfImage, options: Partial<EmulateElfOptions> = {}): ElfRun {
  return emulateElf({
    ...{ elf, core: 'm4', maxPassages: 100, maxSteps: 10_000_000, profile: true },
    now: () => 0,
    ...options,
  });
}

const compiled = (source: string, args: readonly string[] = []): ElfImage =>
  readElf(buildProgram(source, args));

/** work(n) runs 2 + 2n + 1 instructions: push, movs; n × (subs, bne); pop. */
const WORK = `
  movs r4, #1
again:
  mov r0, r4
  bl work
  adds r4, #1
  cmp r4, #4
  bne again
  b done
  .thumb_func
  .type work,%function
work:
  push {r4, lr}
  mov r1, sp
turn:
  subs r0, #1
  bne turn
  pop {r4, pc}
  .size work, .-work
`;

describe(`a program that ends in a loop${why}`, () => {
  test('is counted up to the first turn of that loop', () => {
    const elf = assemble(WORK);
    const { end, total, passages, peakStackBytes } = run(elf);
    expect(end).toEqual({ kind: 'halted', address: addressOf(elf, 'done') });
    // movs; three turns of (mov, bl, adds, cmp, bne) and 3 + 2n; b done.
    expect(total.instructions).toBe(1 + 3 * 5 + (3 * 3 + 2 * (1 + 2 + 3)) + 1);
    expect(passages).toHaveLength(1);
    expect(passages[0]).toMatchObject(total);
    expect(peakStackBytes).toBe(8);
  });

  test('counts cycles by the table of the M4 manual', () => {
    // Refill P is 2 after a direct branch, 3 after a load of pc. movs 1, b 1+2; per call: mov 1, bl 3, adds 1, cmp 1,
    // bne 3 (the last, not taken: 1); work: push of two 1+2, mov 1, subs n, bne 3 (the last: 1), pop with pc 1+2+3.
    const perCall = (n: number): number => 1 + 3 + 1 + 1 + 3 + (3 + 1 + n + 3 * (n - 1) + 1 + 6);
    const { total } = run(assemble(WORK));
    expect(total.cycles).toBe(1 + perCall(1) + perCall(2) + perCall(3) - 2 + 3);
  });

  test('recognises one that calls a function, and counts nothing of it', () => {
    const elf = assemble(`movs r0, #5\nidle: bl nothing\nb idle\n.thumb_func\nnothing: nop\nbx lr`);
    const { end, total } = run(elf);
    // At the first state that comes back: behind the first call, lr differed before.
    expect(end).toEqual({ kind: 'halted', address: addressOf(elf, 'idle') + 4 });
    expect(total.instructions).toBe(4);
  });

  test('does not take a loop for idle that changes something', () => {
    const { end } = run(assemble('again: adds r0, #1\nb again'), { maxSteps: 100_000 });
    expect(end).toMatchObject({ kind: 'fault', fault: { kind: 'step_budget' } });
  });
});

describe(`passages${why}`, () => {
  const elf = hasArmGcc ? assemble(WORK) : undefined!;

  test('run from a function’s entry to its return, each on its own', () => {
    const { passages, end, total } = run(elf, { from: addressOf(elf, 'work') });
    expect(total).toEqual(run(elf).total);
    expect(passages.map(({ instructions }) => instructions)).toEqual([5, 7, 9]);
    expect(passages.map(({ peakStackBytes }) => peakStackBytes)).toEqual([8, 8, 8]);
    expect(end.kind).toBe('halted');
    const functions = passages.map(({ profile }) => functionProfile(profile!, elf));
    expect(functions.map((entries) => entries.map(({ name }) => name))).toEqual([
      ['work'],
      ['work'],
      ['work'],
    ]);
  });

  test('end at a symbol, as many as asked for', () => {
    const options = { from: addressOf(elf, 'again'), to: addressOf(elf, 'turn'), maxPassages: 2 };
    const { passages, end } = run(elf, options);
    expect(passages.map(({ instructions }) => instructions)).toEqual([4, 4]);
    expect(end).toEqual({ kind: 'passages' });
  });

  test('add up', () => {
    const { passages } = run(elf, { from: addressOf(elf, 'work') });
    const merged = mergeProfiles(passages.map(({ profile }) => profile!));
    expect(merged.instructions).toBe(21);
    const turn = merged.counts.find(({ address }) => address === addressOf(elf, 'turn'));
    expect(turn?.executions).toBe(6);
    expect(merged.callTree).toMatchObject({ address: addressOf(elf, 'work'), instructions: 21 });
  });

  test('are found from the ELF’s start when only the end is named', () => {
    const { passages, end } = run(elf, { to: addressOf(elf, 'again') });
    expect(passages.map(({ instructions }) => instructions)).toEqual([1]);
    expect(end).toEqual({ kind: 'reached', address: addressOf(elf, 'again') });
  });
});

describe(`ends${why}`, () => {
  test('come with the exit status and what was printed', () => {
    const { end, output } = run(compiled('int main(void) { print("one\\n"); print("two\\n"); return 3; }'));
    expect(end).toEqual({ kind: 'exit', status: 3 });
    expect(output).toBe('one\ntwo\n');
  });

  test('come from a program without vector table, started at its entry with the FPU on', () => {
    const source = `__attribute__((naked)) void entry(void) { __asm__("vmov s0, r0\\n bl main\\n b ."); }
int main(void) { print("x"); finish(0); return 0; }`;
    const elf = compiled(source, ['-Wl,-e,entry', '-DNO_VECTORS']);
    const { start, end, output } = run(elf);
    expect(start).toMatchObject({ pc: addressOf(elf, 'entry'), sp: STACK_TOP });
    expect(start.vectorTable).toBeUndefined();
    expect({ end, output }).toEqual({ end: { kind: 'exit', status: 0 }, output: 'x' });
  });
});

const FAULTS: readonly (readonly [FaultKind, string, string, readonly string[]])[] = [
  ['undefined_instruction', '__asm__ volatile("udf #1");', 'undefined instruction', []],
  ['unmapped_access', '*(volatile int *)0x40021000;', '0x40021000', []],
  ['write_to_flash', '*(volatile int *)0x08000040 = 1;', '0x08000040', []],
  [
    'unaligned_access',
    '__asm__ volatile("ldrd r2, r3, [%0]" : : "r"(0x20002002) : "r2", "r3");',
    '0x20002002',
    [],
  ],
  ['fpu_disabled', '__asm__ volatile("vmov s0, r0");', 'before CPACR', ['-DNO_FPU']],
  ['stack_overflow', 'volatile char deep[9000]; deep[0] = 1;', 'stack overflow', []],
  ['execute_from_data', '((void (*)(void))0x20002001)();', 'execution from data', []],
  ['step_budget', 'for (volatile int i = 0;; i++) {}', 'budget', []],
];

describe(`faults${why}`, () => {
  test.each(FAULTS)('%s is named with place and call path', (kind, statement, text, args) => {
    const source = `__attribute__((noinline)) void inner(void) { ${statement} }
__attribute__((noinline)) void outer(void) { inner(); __asm__ volatile(""); }
int main(void) { outer(); return 0; }`;
    const elf = compiled(source, args);
    const { end } = run(elf, { maxSteps: 1_000_000 });
    if (end.kind !== 'fault') throw new Error(`ended with ${end.kind}`);
    expect(end.fault.kind).toBe(kind);
    expect(end.fault.message).toContain(text);
    const names = end.callPath.map(({ callee }) => elf.functionAt(callee)?.name);
    const callees = kind === 'execute_from_data' ? names.slice(0, 3) : names;
    expect(callees).toEqual(['main', 'outer', 'inner']);
    if (kind !== 'execute_from_data') expect(elf.functionAt(end.fault.pc)?.name).toBe('inner');
  });
});

describe(`memory${why}`, () => {
  test('tells what was written, by variable', () => {
    const source = `char big[100]; int counter = 7; static char unused[64];
int main(void) { for (int i = 0; i < 40; i++) big[i + 3] = 1; counter++; return unused[5]; }`;
    const { memory } = run(compiled(source));
    const [sram] = memory;
    expect(memory).toHaveLength(1);
    expect(sram!.region).toMatchObject({ name: 'sram', origin: SRAM });
    const written = new Map(sram!.objects.map((object) => [object.name, object]));
    expect(written.get('big')).toMatchObject({ bytes: 100, written: 40, extent: 43 });
    expect(written.get('counter')).toMatchObject({ written: 4 });
    expect(written.has('unused')).toBe(false);
    expect(written.get('stack')!.address).toBeGreaterThan(STACK_TOP - 100);
    expect(sram!.highestWritten).toBeGreaterThan(STACK_TOP);
  });

  test('gives the initial stack pointer room where the file has nothing', () => {
    const { total } = run(assemble('push {r0, r1}\npop {r0, r1}'));
    expect(total.instructions).toBe(2);
    expect(SRAM_ORIGIN + SRAM_BYTES).toBeGreaterThan(SRAM);
  });
});

describe('addressOf', () => {
  const elf = {
    symbols: new Map([['main', { name: 'main', address: 0x100, size: 4, type: 'function' }]]),
  } as unknown as ElfImage;

  it('takes symbols and numbers, and says what else there is', () => {
    expect(addressOf(elf, 'main')).toBe(0x100);
    expect(addressOf(elf, '0x08000101')).toBe(0x08000100);
    expect(() => addressOf(elf, 'Mai')).toThrow(/no such symbol; found Mai; expected main/);
  });
});

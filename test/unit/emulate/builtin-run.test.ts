/** A compiled C program on the built-in core: records, passages, functions, source lines, flame graph, faults. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../src/compile/read-elf.js';
import { flameGraph } from '../../../src/emulate/builtin-flame-graph.js';
import { readLineTable } from '../../../src/emulate/builtin-lines.js';
import { lineProfile, stacks } from '../../../src/emulate/builtin-profile.js';
import { runProgram } from '../../../src/emulate/builtin-run.js';
import { hasArmGcc, inTemporaryFolder } from '../../support/thumb-program.js';

const SOURCE = `#include <stdint.h>
volatile uint32_t table[64];
__attribute__((noinline)) uint32_t square(uint32_t x) {
  return x * x;
}
__attribute__((noinline)) void fill(uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    table[i] = square(i);
}
__attribute__((noinline)) void mark(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void done(void) { __asm__ volatile("" ::: "memory"); }
static void semihost(uint32_t operation, uint32_t argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register uint32_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}
void reset(void) {
  for (int round = 1; round <= 3; round++) { mark(); fill(10 * round); done(); }
#ifdef CRASH
  *(volatile uint32_t *)0x40000000 = 1;
#endif
  semihost(4, (uint32_t)"table filled\\n");
  semihost(0x18, 0x20026);
}
__attribute__((section(".vectors"), used)) const void *vectors[2] = {(void *)0x20001000, (void *)reset};
`;
const SCRIPT = `ENTRY(reset)
SECTIONS { . = 0x8000000; .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } . = 0x20000000; .bss : { *(.bss*) } }
`;

function build(...flags: readonly string[]): Uint8Array {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'a.c'), SOURCE);
    writeFileSync(join(folder, 'a.ld'), SCRIPT);
    const common = ['-mcpu=cortex-m4', '-mthumb', '-O1', '-nostdlib', '-ffreestanding', '-T', 'a.ld', 'a.c'];
    execFileSync('arm-none-eabi-gcc', [...common, ...flags, '-o', 'a.elf'], { cwd: folder, stdio: 'pipe' });
    return new Uint8Array(readFileSync(join(folder, 'a.elf')));
  });
}

describe.skipIf(!hasArmGcc)('runProgram (needs arm-none-eabi-gcc)', () => {
  it('runs a program to its exit', () => {
    const result = runProgram({ elf: readElf(build()), core: 'm4', profile: true });
    expect(result).toMatchObject({ exitStatus: 0, output: 'table filled\n' });
    const [record] = result.records;
    const calls = Object.fromEntries(record!.functions.map(({ name, calls }) => [name, calls]));
    expect(calls).toMatchObject({ square: 60, fill: 3, mark: 3, done: 3, reset: 0 });
    const sums = record!.functions.reduce((sum, entry) => sum + entry.cycles, 0);
    expect(sums).toBe(record!.cycles);
    expect(record!.peakStackBytes).toBeGreaterThan(0);
  });

  it('gives a record per passage from one symbol to another', () => {
    const elf = readElf(build());
    const result = runProgram({ elf, core: 'm33', profile: true, from: 'mark', to: 'done' });
    expect(result.records).toHaveLength(3);
    const squares = result.records.map(
      (record) => record.functions.find(({ name }) => name === 'square')!.calls,
    );
    expect(squares).toEqual([10, 20, 30]);
    // table[0…9], and the registers that fill pushes
    expect(result.records[0]!.writtenBytes.sram).toBe(40 + result.records[0]!.peakStackBytes);
  });

  it('tells source lines and draws a flame graph', () => {
    for (const version of ['-gdwarf-3', '-gdwarf-4', '-gdwarf-5']) {
      const bytes = build(version);
      const result = runProgram({ elf: readElf(bytes), core: 'm4', profile: true });
      const locate = readLineTable(bytes)!;
      const [dearest] = lineProfile(result.profiles[0]!, locate);
      expect(dearest!.file, version).toMatch(/a\.c$/);
      // the loop: its head, its body, or the callee
      expect([4, 7, 8], version).toContain(dearest!.line);
      const svg = flameGraph(stacks(result.profiles[0]!, readElf(bytes)), 'a <test>');
      expect(svg).toContain('a &lt;test&gt;');
      expect(svg).toMatch(/<title>square: \d+ cycles/);
    }
    expect(readLineTable(build())).toBeUndefined();
  });

  it('reports a fault with its function and call path', () => {
    const result = runProgram({ elf: readElf(build('-DCRASH')), core: 'm7', profile: false });
    expect(result.fault).toMatchObject({
      fault: { kind: 'unmapped_access', address: 0x40000000 },
      symbol: 'reset',
      callPath: [],
    });
  });

  it('survives damaged line tables', () => {
    const bytes = build('-g');
    const start = Buffer.from(bytes).lastIndexOf('a.c') - 200;
    for (let index = 0; index < 400; index++) {
      const damaged = bytes.slice();
      damaged[start + index]! ^= 0xff;
      try {
        readLineTable(damaged)?.(0x8000010);
      } catch (error) {
        expect(String(error)).toMatch(/debug_line/);
      }
    }
  });
});

/** Profiles: sums equal the counters, calls and paths are those of the program. Code by GNU as. */
import { describe, expect, it } from 'vitest';
import type { RawProfile } from '../../../src/emulate/builtin-counts.js';
import { functionProfile, hottestBlocks, lineProfile, stacks } from '../../../src/emulate/builtin-profile.js';
import type { ElfImage, ElfSymbol } from '../../../src/ir/elf-image.js';
import { boot, CODE } from './builtin-program.js';

// start: movs r4, #3; again: bl work; subs r4, #1; bne again; end: nop; b end
// work: push {lr}; bl deep; udiv r2, r5, r6; pop {pc}; deep: adds r0, r0, #1; bx lr
const PROGRAM = '2403 f000 f804 3c01 d1fb bf00 e7fd b500 f000 f803 fbb5 f2f6 bd00 3001 4770';
const END = CODE + 10;
const WORK = CODE + 14;
const DEEP = CODE + 26;

function symbol(name: string, address: number, size: number): ElfSymbol {
  return { name, address, size, type: 'function' };
}

const SYMBOLS = [symbol('start', CODE, 14), symbol('work', WORK, 12), symbol('deep', DEEP, 0)];
const ELF: ElfImage = {
  entry: CODE,
  segments: [],
  sections: [],
  symbols: new Map(SYMBOLS.map((entry) => [entry.name, entry])),
  functionAt: (address) =>
    SYMBOLS.find((entry) => address >= entry.address && address < entry.address + entry.size),
};

function profiled(core: 'm4' | 'm7' | 'm33'): { readonly raw: RawProfile; readonly cycles: number } {
  const machine = boot(PROGRAM, { core });
  machine.writeRegister(5, 1000);
  machine.writeRegister(6, 3);
  machine.startProfile();
  machine.runUntil(END, 1000);
  return { raw: machine.endProfile(), cycles: machine.counters().cycles };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe.each(['m4', 'm7', 'm33'] as const)('a profile on %s', (core) => {
  const { raw, cycles } = profiled(core);

  it('adds up to the counters', () => {
    // 1 + 3 × (bl, subs, bne, push, bl, udiv, pop, adds, bx)
    expect(raw.instructions).toBe(28);
    expect(sum(raw.counts.map((count) => count.executions))).toBe(28);
    expect(raw.cycles).toBe(cycles);
    expect(sum(raw.counts.map((count) => count.cycles))).toBe(cycles);
    expect(sum(stacks(raw, ELF).map((stack) => stack.cycles))).toBe(cycles);
  });

  it('tells functions, calls and paths', () => {
    const functions = functionProfile(raw, ELF);
    const brief = functions.map(({ name, calls, instructions }) => ({ name, calls, instructions }));
    expect(brief).toContainEqual({ name: 'start', calls: 0, instructions: 10 });
    expect(brief).toContainEqual({ name: 'work', calls: 3, instructions: 12 });
    expect(brief).toContainEqual({ name: 'deep', calls: 3, instructions: 6 });
    expect(stacks(raw, ELF).map((stack) => stack.frames.join(';'))).toEqual([
      'start',
      'start;work',
      'start;work;deep',
    ]);
  });

  it('finds the dearest block and lines', () => {
    const [block] = hottestBlocks(raw, ELF, 1);
    expect(block).toMatchObject({ function: 'work', executions: 3, instructions: 4, start: WORK });
    const lines = lineProfile(raw, (address) =>
      address >= WORK && address < DEEP ? { file: 'work.c', line: 7 } : undefined,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ file: 'work.c', line: 7, instructions: 12 });
  });
});

describe('a program larger than the trace cache', () => {
  it('runs on and keeps its counts', () => {
    // 3 MiB of NOPs, twice: far more than the cache holds predecoded
    const bytes = 3 << 20;
    const regions = [
      { name: 'flash', origin: 0, bytes: bytes + 0x1000, writable: false },
      { name: 'sram', origin: 0x20000000, bytes: 0x1000, writable: true },
    ];
    const machine = boot('bf00', { regions });
    machine.write(CODE, new Uint8Array(new Uint16Array(bytes / 2).fill(0xbf00).buffer));
    machine.startProfile();
    const end = CODE + bytes;
    for (let round = 0; round < 2; round++) {
      machine.writeRegister(15, CODE);
      expect(machine.runUntil(end, 1e8).kind).toBe('reached');
    }
    const { instructions, counts } = machine.endProfile();
    expect(instructions).toBe(bytes);
    expect(counts).toHaveLength(bytes / 2);
    expect(counts.every(({ executions, cycles }) => executions === 2 && cycles === 2)).toBe(true);
  });
});

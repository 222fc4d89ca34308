/**
 * Fused operations against the same instructions one by one: a stop point between two instructions keeps them apart
 * and changes nothing else. Registers, flags, memory, watch, cycles and faults must be the same. Code by GNU as.
 */
import { describe, expect, it } from 'vitest';
import { BuiltinMachine } from '../../../src/emulate/builtin-machine.js';
import { createRandom } from '../../../src/support/random.js';
import { CODE, FLASH_BYTES, halfwords, RAM, RAM_BYTES } from './builtin-program.js';

interface Row {
  readonly asm: string;
  readonly code: string;
  /** Instructions fused; default 2. */
  readonly fused?: number;
}

/** By row of FUSED (assembly/cortex-m/opcodes.ts), in its order. */
const ROWS: readonly Row[] = [
  {
    asm: 'smlad r0, r1, r2, r0; smlad r3, r1, r2, r3; smlad r5, r2, r3, r5; smlad r0, r3, r5, r0',
    code: 'fb21 0002 fb21 3302 fb22 5503 fb23 0005',
    fused: 4,
  },
  { asm: 'smlad r0, r1, r2, r0; smlad r0, r3, r5, r0', code: 'fb21 0002 fb23 0005' },
  { asm: 'ldr r0, [r4, #4]; ldr r1, [r4, #8]', code: '6860 68a1' },
  { asm: 'ldrsb r0, [r4, #1]!; ldrsb r1, [r7, #1]!', code: 'f914 0f01 f917 1f01' },
  { asm: 'and r1, r0, #0x00ff00ff; smlad r3, r1, r2, r3', code: 'f000 11ff fb21 3302' },
  { asm: 'sxtb16 r1, r0; smlad r3, r1, r2, r3', code: 'fa2f f180 fb21 3302' },
  { asm: 'sxtb16 r1, r0, ror #8; smlad r3, r1, r2, r3', code: 'fa2f f190 fb21 3302' },
  { asm: 'uxtb16 r1, r0; smlad r3, r1, r2, r3', code: 'fa3f f180 fb21 3302' },
  { asm: 'sxtb16 r1, r0; sxtb16 r2, r1', code: 'fa2f f180 fa2f f281' },
  { asm: 'smmlar r0, r1, r2, r3; smmlar r1, r0, r2, r5', code: 'fb51 3012 fb50 5112' },
  { asm: 'add r0, r1, r2, asr #3; smmlar r1, r0, r2, r5', code: 'eb01 00e2 fb50 5112' },
  { asm: 'smlabb r0, r1, r2, r3; ldr r1, [r4, #4]', code: 'fb11 3002 6861' },
  { asm: 'smlabb r0, r1, r2, r3; ldrsb r1, [r4, #3]', code: 'fb11 3002 f994 1003' },
  { asm: 'subs r0, r1, r2; ldrsb r1, [r4, #3]', code: '1a88 f994 1003' },
  { asm: 'subs r0, r1, r2; ldr r1, [r4, r6, lsl #2]', code: '1a88 f854 1026' },
  { asm: 'and r6, r6, #7; ldr r1, [r4, r6, lsl #2]', code: 'f006 0607 f854 1026' },
  { asm: 'and r6, r6, #7; ldrb r1, [r4, r6]', code: 'f006 0607 5da1' },
  { asm: 'and r1, r0, #15; subs r2, r1, #3', code: 'f000 010f 1eca' },
  { asm: 'adds r0, r1, #5; subs r2, r0, r3', code: '1d48 1ac2' },
  { asm: 'lsr r0, r1, #4; eor r2, r0, r3', code: 'ea4f 1011 ea80 0203' },
  { asm: 'lsl r0, r1, #4; asr r2, r0, r6', code: 'ea4f 1001 fa40 f206' },
  { asm: 'eors r0, r1; and r2, r0, #255', code: '4048 f000 02ff' },
  { asm: 'subs r0, r1, r2; bne 1f; mov r8, r0; 1: nop', code: '1a88 d100 4680 bf00' },
  { asm: 'subs r0, #1; bne 1f; mov r8, r0; 1: nop', code: '3801 d100 4680 bf00' },
  { asm: 'adds r0, #1; bne 1f; mov r8, r0; 1: nop', code: '3001 d100 4680 bf00' },
  { asm: 'add r3, r3, #1; bne 1f; mov r8, r0; 1: nop', code: 'f103 0301 d100 4680 bf00' },
  { asm: 'mla r0, r1, r2, r3; bne 1f; mov r8, r0; 1: nop', code: 'fb01 3002 d100 4680 bf00' },
  { asm: 'eor r0, r1, r2; bne 1f; mov r8, r0; 1: nop', code: 'ea81 0002 d100 4680 bf00' },
  { asm: 'subs r0, #1; bgt 1f; mov r8, r0; 1: nop', code: '3801 dc00 4680 bf00' },
  { asm: 'subs r0, #1; beq 1f; mov r8, r0; 1: nop', code: '3801 d000 4680 bf00' },
];

/** A skipped instruction leads into the middle of a fused pair. */
const CONDITIONAL: readonly Row[] = [
  { asm: 'it eq; ldreq r0, [r4, #4]; ldr r1, [r4, #8]', code: 'bf08 6860 68a1' },
  { asm: 'it ne; smladne r0, r1, r2, r0; smlad r3, r1, r2, r3', code: 'bf18 fb21 0002 fb21 3302' },
  { asm: 'itt eq; ldreq r0, [r4, #4]; ldreq r1, [r4, #8]', code: 'bf04 6860 68a1' },
];

const BKPT = 'be01';
const BUDGET = 1000;
const SP = 13;
const CASES = 30;
const HOLE = 0x40000000;
const EDGES = [
  0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0x80008000, 0x7fff7fff, 0xff80ff80, 6, 7, 8, 9, 10,
];
/** Where r4 and r7 point: whole pages, unaligned, part of a page, nowhere. */
const BASES = [RAM + 0x100, RAM + 0x101, RAM + 0x102, RAM + RAM_BYTES + 0x10, RAM + RAM_BYTES - 8, HOLE];
/** Behind its whole pages SRAM ends in the middle of one, which only the slow path serves. */
const SRAM_BYTES = RAM_BYTES + 0x40;

class Probe extends BuiltinMachine {
  /** The row that the `nth` operation of the first trace was fused by; −1 when it was not. */
  rowAt(nth: number): number {
    const { TRACES, FIRST_FUSED, FIRST_EXIT } = this.module.layout;
    const opcode = this.memory.view.getUint16(TRACES + 16 + 16 * nth, true);
    return opcode >= FIRST_FUSED && opcode < FIRST_EXIT ? opcode - FIRST_FUSED : -1;
  }

  rows(): number {
    return this.module.layout.FIRST_EXIT - this.module.layout.FIRST_FUSED;
  }
}

function boot(core: 'm4' | 'm7' | 'm33', code: string, apart: readonly number[]): Probe {
  const machine = new Probe({
    core,
    regions: [
      { name: 'flash', origin: 0, bytes: FLASH_BYTES, writable: false },
      { name: 'sram', origin: RAM, bytes: SRAM_BYTES, writable: true },
    ],
    countCycles: true,
    watchMemory: true,
  });
  machine.write(CODE, halfwords(`${code} ${BKPT}`));
  machine.writeRegister(15, CODE);
  // known as stops, though nobody will wait for them
  for (const address of apart) machine.runUntil(address, 0);
  return machine;
}

/** Addresses of the instructions behind the first. */
function boundaries(code: string): readonly number[] {
  const halves = code.split(' ').map((half) => Number.parseInt(half, 16));
  const starts: number[] = [];
  for (let at = 0; at < halves.length; at += halves[at]! >>> 11 >= 0x1d ? 2 : 1) starts.push(CODE + 2 * at);
  return starts.slice(1);
}

interface Values {
  readonly registers: readonly number[];
  readonly xpsr: number;
  readonly sram: Uint8Array;
}

function randomValues(seed: number): Values {
  const random = createRandom(seed);
  const below = (n: number): number => random.integer(0, n - 1);
  const word = (): number => (below(2) === 0 ? EDGES[below(EDGES.length)]! : below(2 ** 32));
  const registers = Array.from({ length: SP }, word);
  registers[4] = BASES[below(BASES.length)]!;
  registers[7] = BASES[below(BASES.length)]!;
  registers[6] = below(4);
  return {
    registers,
    xpsr: (below(16) << 28) >>> 0,
    sram: Uint8Array.from({ length: SRAM_BYTES }, () => below(256)),
  };
}

function outcome(machine: Probe, { registers, xpsr, sram }: Values) {
  machine.write(RAM, sram);
  registers.forEach((value, index) => {
    machine.writeRegister(index, value);
  });
  machine.writeRegister(15, CODE);
  machine.writeRegister(16, xpsr);
  const before = machine.counters();
  const reason = machine.runUntil(FLASH_BYTES - 2, BUDGET);
  const { instructions, cycles } = machine.counters();
  return {
    reason,
    registers: Array.from({ length: 17 }, (_, index) => machine.readRegister(index)),
    instructions: instructions - before.instructions,
    cycles: cycles - before.cycles,
    // as text: compared at once instead of byte by byte
    sram: Buffer.from(machine.read(RAM, SRAM_BYTES)).toString('base64'),
    written: Buffer.from(machine.writtenBytes('sram')).toString('base64'),
  };
}

const rowsByName = ROWS.map((row, index) => ({ ...row, index }));

describe('fused operations', () => {
  it('have a row of this test each', () => {
    expect(boot('m4', 'bf00', []).rows()).toBe(ROWS.length);
  });

  for (const core of ['m4', 'm7', 'm33'] as const) {
    it.each(rowsByName)(`do on ${core} what one by one does: $asm`, ({ code, index }) => {
      const fused = boot(core, code, []);
      const apart = boot(core, code, boundaries(code));
      const kinds = new Set<string>();
      for (let seed = 1; seed <= CASES; seed++) {
        const values = randomValues(seed + 1000 * index);
        const expected = outcome(apart, values);
        expect(outcome(fused, values)).toEqual(expected);
        kinds.add(expected.reason.kind === 'fault' ? expected.reason.fault.kind : expected.reason.kind);
      }
      expect(fused.rowAt(0)).toBe(index);
      expect(apart.rowAt(0)).toBe(-1);
      // loads meet the hole, too; all else ends at the breakpoint
      expect([...kinds].sort()).toEqual(
        /ldr/.test(ROWS[index]!.asm) ? ['breakpoint', 'unmapped_access'] : ['breakpoint'],
      );
    });

    it.each(CONDITIONAL)(`are entered in the middle on ${core}: $asm`, ({ code }) => {
      const fused = boot(core, code, []);
      const apart = boot(core, code, boundaries(code).slice(-1));
      for (let seed = 1; seed <= CASES; seed++) {
        const values = randomValues(seed);
        expect(outcome(fused, values)).toEqual(outcome(apart, values));
      }
    });
  }

  it.each(rowsByName)('stop before each instruction on request: $asm', ({ code, fused = 2 }) => {
    const machine = boot('m4', code, []);
    outcome(machine, { ...randomValues(1), registers: Array.from({ length: SP }, () => RAM) });
    boundaries(code)
      .slice(0, fused - 1)
      .forEach((address, index) => {
        machine.writeRegister(4, RAM);
        machine.writeRegister(6, 0);
        machine.writeRegister(15, CODE);
        const before = machine.counters().instructions;
        expect(machine.runUntil(address, BUDGET)).toEqual({ kind: 'reached', address });
        expect(machine.counters().instructions - before).toBe(index + 1);
      });
  });

  it('names the second load of a pair when that one faults', () => {
    const machine = boot('m4', 'f914 0f01 f917 1f01', []);
    const values = randomValues(1);
    const registers = values.registers.with(4, RAM).with(7, HOLE);
    const { reason, registers: after, instructions } = outcome(machine, { ...values, registers });
    expect(reason).toMatchObject({ kind: 'fault', fault: { pc: CODE + 4, address: HOLE + 1 } });
    expect(instructions).toBe(1);
    // the first one has happened, the second one has not
    expect(after[4]).toBe(RAM + 1);
    expect(after[7]).toBe(HOLE);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import type { Machine, MachineOptions, StopReason } from '../../../src/emulate/machine.js';
import { unicornAvailable } from '../../../src/emulate/unicorn-library.js';
import { createUnicornMachine } from '../../../src/emulate/unicorn-machine.js';
import type { ElfImage } from '../../../src/ir/elf-image.js';
import { CORE_IDS } from '../../../src/targets/index.js';
import type { CoreId } from '../../../src/targets/target.js';
import {
  assemble,
  hasArmGcc,
  loadProgram,
  SRAM_BYTES,
  SRAM_ORIGIN,
  symbolAddress,
  testOptions,
} from '../../support/thumb-program.js';

const TOP = SRAM_ORIGIN + SRAM_BYTES;
const BUDGET = 100_000;
const ready = hasArmGcc && unicornAvailable().available;

describe.skipIf(!ready)('Unicorn machine (needs arm-none-eabi-gcc and libunicorn)', () => {
  const machines: Machine[] = [];
  afterEach(() => {
    for (const machine of machines.splice(0)) machine.dispose();
  });

  function start(
    body: string,
    core: CoreId = 'm4',
    changes: Partial<MachineOptions> = {},
  ): [Machine, ElfImage] {
    const image = assemble(body, core);
    const machine = createUnicornMachine(testOptions(core, changes));
    machines.push(machine);
    loadProgram(machine, image);
    return [machine, image];
  }

  /** Runs `body` to its end. */
  function run(
    body: string,
    changes: Partial<MachineOptions> = {},
  ): { machine: Machine; image: ElfImage; stop: StopReason } {
    const [machine, image] = start(body, 'm4', changes);
    return { machine, image, stop: machine.runUntil(symbolAddress(image, 'done'), BUDGET) };
  }

  const faultOf = (stop: StopReason) => {
    if (stop.kind !== 'fault') throw new Error(`expected a fault, got ${stop.kind}`);
    return stop.fault;
  };

  it.each(CORE_IDS)('%s computes: DSP, division, floating point', (core) => {
    const [machine, image] = start(
      `ldr r0, =0x00020003
       ldr r1, =0x00050007
       movs r2, #10
       smlad r3, r0, r1, r2     // 2·5 + 3·7 + 10
       movs r4, #100
       movs r5, #7
       udiv r6, r4, r5
       vmov s0, r4
       vcvt.f32.s32 s0, s0
       vadd.f32 s0, s0, s0
       vcvt.s32.f32 s0, s0
       vmov r7, s0
       b done
       .ltorg`,
      core,
    );
    expect(machine.runUntil(symbolAddress(image, 'done'), BUDGET)).toEqual({
      kind: 'reached',
      address: symbolAddress(image, 'done'),
    });
    expect([3, 6, 7].map((index) => machine.readRegister(index))).toEqual([41, 14, 200]);
    expect(machine.readRegister(15)).toBe(symbolAddress(image, 'done'));
  });

  it('counts instructions and cycles of a loop by the M4 table', () => {
    // 2 movs; 10 × (subs 1, bne 1), 9 of them taken with a refill of 2
    const { machine } = run('movs r0, #10\n movs r1, #0\nloop: subs r0, #1\n bne loop\n');
    expect(machine.counters()).toEqual({ instructions: 2 + 20, cycles: 2 + 20 + 9 * 2 });
  });

  it('counts an IT-skipped instruction as its slot', () => {
    const { machine } = run('movs r0, #0\n cmp r0, #0\n ite eq\n moveq r1, #1\n movne r1, #2\n');
    expect(machine.counters()).toEqual({ instructions: 5, cycles: 5 });
    expect(machine.readRegister(1)).toBe(1);
  });

  it('gives the same cycles however often it is stopped between', () => {
    const body = `movs r0, #5
      loop: ldr r1, [sp, #-4]
      ldr r2, [sp, #-8]
      bl leaf
      after: subs r0, #1
      bne loop
      b done
      .global leaf
      .type leaf,%function
      .thumb_func
      leaf: add r1, r2
      bx lr`;
    const once = run(body).machine.counters();
    const [machine, image] = start(body);
    for (let call = 0; call < 5; call++) {
      const stop = machine.runUntil(symbolAddress(image, 'leaf'), BUDGET);
      expect(stop).toEqual({ kind: 'reached', address: symbolAddress(image, 'leaf') });
      expect(machine.readRegister(0)).toBe(5 - call);
    }
    machine.runUntil(symbolAddress(image, 'done'), BUDGET);
    expect(machine.counters()).toEqual(once);
  });

  it('stops at an address that already ran, in the middle of a block too', () => {
    const [machine, image] = start(
      'movs r0, #0\nloop: adds r0, #1\n .global middle\nmiddle: adds r1, #1\n cmp r0, #50\n bne loop\n',
    );
    machine.runUntil(symbolAddress(image, 'done'), BUDGET);
    machine.reset(0);
    expect(machine.runUntil(symbolAddress(image, 'middle'), BUDGET).kind).toBe('reached');
    expect([machine.readRegister(0), machine.readRegister(1)]).toEqual([1, 0]);
    expect(machine.runUntil(symbolAddress(image, 'middle'), BUDGET).kind).toBe('reached');
    expect([machine.readRegister(0), machine.readRegister(1)]).toEqual([2, 1]);
  });

  it('counts the same where a page cuts a block in two', () => {
    // the loop stands across the 1 KiB page end at 0x400: .org is relative to 0x100
    const loop = (org: string) =>
      `movs r0, #20\n ldr r3, =${SRAM_ORIGIN}\n b loop\n .ltorg\n ${org}\nloop: ldr r1, [r3]\n ldr r2, [r3, #4]\n ldr r4, [r3, #8]\n subs r0, #1\n bne loop\n`;
    const cut = run(loop('.org 0x2fc')).machine.counters();
    const whole = run(loop('.org 0x280')).machine.counters();
    expect(cut).toEqual(whole);
    expect(whole.cycles).toBe(1 + 1 + 3 + 20 * (4 + 1 + 1) + 19 * 2);
  });

  it('prints through semihosting and ends with a status', () => {
    const [machine] = start(
      `movs r0, #4
       adr r1, text
       bkpt 0xab
       ldr r0, =0x20
       adr r1, block
       bkpt 0xab
       .ltorg
       .align 2
       block: .word 0x20026, 3
       text: .asciz "hello"
       .align 2`,
    );
    expect(machine.runUntil(0xff000, BUDGET)).toEqual({ kind: 'exit', status: 3 });
    expect(machine.output()).toBe('hello');
  });

  describe('faults', () => {
    it.each([
      [
        'store to unmapped memory',
        'nop\n ldr r0, =0x30000000\n nop\n here: str r1, [r0, #8]\n nop',
        'unmapped_access',
        0x30000008,
      ],
      [
        'load from unmapped memory',
        'ldr r0, =0x30000000\n movs r1, #3\n here: ldrb r2, [r0, r1]\n nop',
        'unmapped_access',
        0x30000003,
      ],
      ['store to flash', 'movs r0, #64\n nop\n here: strh r1, [r0]\n nop', 'write_to_flash', 64],
      [
        'push below memory',
        `ldr r0, =${SRAM_ORIGIN}\n mov sp, r0\n nop\n here: push {r4, r5}\n nop`,
        'unmapped_access',
        SRAM_ORIGIN - 8,
      ],
      [
        'load multiple beyond memory',
        `ldr r0, =${TOP - 4}\n here: ldmia.w r0, {r1, r2, r3}\n nop`,
        'unmapped_access',
        TOP,
      ],
    ])('%s: kind, address and the instruction itself', (_name, body, kind, address) => {
      const { image, stop } = run(`${body}\n b done\n .ltorg\n`);
      const fault = faultOf(stop);
      expect(fault.kind).toBe(kind);
      expect(fault.address).toBe(address);
      expect(fault.pc).toBe(symbolAddress(image, 'here'));
    });

    it('undefined instructions, with their encoding', () => {
      const { image, stop } = run('nop\n here: udf #7\n');
      expect(faultOf(stop)).toMatchObject({
        kind: 'undefined_instruction',
        pc: symbolAddress(image, 'here'),
        encoding: 0xde07,
      });
    });

    it('execution from data memory', () => {
      const { stop } = run(`ldr r0, =${SRAM_ORIGIN + 0x101}\n bx r0\n .ltorg\n`);
      expect(faultOf(stop)).toMatchObject({ kind: 'execute_from_data', pc: SRAM_ORIGIN + 0x100 });
    });

    it('breakpoints', () => {
      const { image, stop } = run('nop\n here: bkpt 1\n');
      expect(faultOf(stop)).toMatchObject({ kind: 'breakpoint', pc: symbolAddress(image, 'here') });
    });

    it('a used-up budget, counted', () => {
      const { machine, stop } = run('loop: b loop\n');
      expect(faultOf(stop).kind).toBe('step_budget');
      expect(machine.counters().instructions).toBe(BUDGET + 1);
    });

    it('a hang without counting', () => {
      const { stop } = run('loop: b loop\n', { countCycles: false, watchMemory: false });
      expect(faultOf(stop).kind).toBe('step_budget');
    });

    it('are counted up to the faulting instruction', () => {
      const { machine } = run(
        'ldr r0, =0x30000000\n movs r1, #0\n movs r2, #0\n ldr r3, [r0]\n movs r4, #0\n b done\n .ltorg\n',
      );
      expect(machine.counters()).toEqual({ instructions: 3, cycles: 3 });
    });
  });

  describe('stack watch', () => {
    it.each([
      ['push', 'push {r0-r3}\n pop {r0-r3}', 16],
      ['subtract', 'sub sp, #508\n add sp, #508', 508],
      ['wide subtract', 'sub.w sp, sp, #1024\n add.w sp, sp, #1024', 1024],
      ['store with pre-index', 'str r0, [sp, #-24]!\n ldr r0, [sp], #24', 24],
      ['double store with pre-index', 'strd r0, r1, [sp, #-16]!\n add sp, #16', 16],
      ['floating-point push', 'vpush {s16-s31}\n vpop {s16-s31}', 64],
      ['several in one block', 'push {r4-r7}\n sub sp, #16\n push {r0, lr}\n add sp, #40', 40],
      [
        'under a condition that holds',
        'cmp r0, r0\n it eq\n subeq.w sp, sp, #32\n push {r0}\n add sp, #36',
        36,
      ],
    ])('sees %s', (_name, body, bytes) => {
      const { machine, stop } = run(`${body}\n b done\n`);
      expect(stop.kind).toBe('reached');
      expect(TOP - machine.lowestStackPointer()).toBe(bytes);
    });

    it('sees an allocation by register that lasts beyond the block', () => {
      const { machine } = run(
        'movw r0, #600\n sub.w sp, sp, r0\n push {r2}\n bl leaf\n add.w sp, sp, #604\n b done\n leaf: bx lr\n',
      );
      expect(TOP - machine.lowestStackPointer()).toBe(604);
    });

    it('stops before the push that passes the limit', () => {
      const { machine, image, stop } = run(
        'bl deeper\n b done\n deeper: push {r4-r7, lr}\n here: push {r0-r3}\n pop {r0-r3}\n pop {r4-r7, pc}\n',
        { stackLimit: TOP - 32 },
      );
      expect(faultOf(stop)).toMatchObject({
        kind: 'stack_overflow',
        pc: symbolAddress(image, 'here'),
        address: TOP - 36,
      });
      expect(machine.writtenBytes('sram').indexOf(1)).toBe(-1);
    });
  });

  it('marks every byte stored to, by size, and nothing else', () => {
    const { machine } = run(
      `ldr r0, =${SRAM_ORIGIN}
       strb r1, [r0]
       strh r1, [r0, #4]
       str r1, [r0, #8]
       strd r1, r2, [r0, #16]
       vstr s0, [r0, #28]
       ldr r3, [r0, #40]
       stmia r0!, {r1}
       b done
       .ltorg`,
    );
    const marks = machine.writtenBytes('sram');
    const written = [...marks.keys()].filter((index) => marks[index] === 1);
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => from + i);
    expect(written).toEqual([...range(0, 6), ...range(8, 12), ...range(16, 24), ...range(28, 32)]);
    machine.clearWrittenBytes();
    expect(machine.writtenBytes('sram').includes(1)).toBe(false);
    expect(machine.writtenBytes('flash')).toHaveLength(0);
  });

  it('reset forgets counters, marks and the lowest stack pointer', () => {
    const { machine } = run('push {r0}\n pop {r0}\n');
    machine.reset(0);
    expect(machine.counters()).toEqual({ instructions: 0, cycles: 0 });
    expect(machine.lowestStackPointer()).toBe(TOP);
    expect(machine.writtenBytes('sram').includes(1)).toBe(false);
  });
});

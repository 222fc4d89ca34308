/** Each kind of fault, planted; reported by name with address, encoding and call path. Code assembled with GNU as. */
import { describe, expect, it } from 'vitest';
import type { BuiltinOptions } from '../../../src/emulate/builtin-machine.js';
import type { Fault } from '../../../src/emulate/machine.js';
import { boot, CODE, RAM, runToEnd, STACK_TOP } from './builtin-program.js';

interface Planted {
  readonly what: string;
  readonly asm: string;
  readonly code: string;
  readonly registers?: Readonly<Record<number, number>>;
  readonly options?: Partial<BuiltinOptions>;
  readonly fault: Partial<Fault>;
}

const HOLE = 0x40000000;

const PLANTED: readonly Planted[] = [
  {
    what: 'an undefined instruction',
    asm: 'nop; udf #7',
    code: 'bf00 de07',
    fault: { kind: 'undefined_instruction', pc: CODE + 2, encoding: 0xde07 },
  },
  {
    what: 'a 32-bit undefined instruction',
    asm: 'nop; .inst.w 0xf7f0a000',
    code: 'bf00 f7f0 a000',
    fault: { kind: 'undefined_instruction', pc: CODE + 2, encoding: 0xf7f0a000 },
  },
  {
    what: 'double arithmetic on a core without it',
    asm: 'vadd.f64 d0, d1, d2',
    code: 'ee31 0b02',
    options: { fpuEnabled: true },
    fault: { kind: 'undefined_instruction', pc: CODE, encoding: 0xee310b02 },
  },
  {
    what: 'a load outside the map',
    asm: 'ldr r0, [r4]',
    code: '6820',
    registers: { 4: HOLE },
    fault: { kind: 'unmapped_access', pc: CODE, encoding: 0x6820, address: HOLE },
  },
  {
    what: 'a store outside the map',
    asm: 'str r0, [r4]',
    code: '6020',
    registers: { 4: HOLE },
    fault: { kind: 'unmapped_access', pc: CODE, address: HOLE },
  },
  {
    what: 'a load that straddles the end of SRAM',
    asm: 'ldr r0, [r4]',
    code: '6820',
    registers: { 4: STACK_TOP - 2 },
    fault: { kind: 'unmapped_access', pc: CODE, address: STACK_TOP - 2 },
  },
  {
    what: 'a store to flash',
    asm: 'str r0, [r5]',
    code: '6028',
    registers: { 5: 0x400 },
    fault: { kind: 'write_to_flash', pc: CODE, address: 0x400 },
  },
  {
    what: 'an unaligned LDM',
    asm: 'ldm r6, {r0, r1}',
    code: 'e896 0003',
    registers: { 6: RAM + 2 },
    fault: { kind: 'unaligned_access', pc: CODE, address: RAM + 2 },
  },
  {
    what: 'an unaligned STRD',
    asm: 'strd r0, r1, [r6]',
    code: 'e9c6 0100',
    registers: { 6: RAM + 1 },
    fault: { kind: 'unaligned_access', pc: CODE, address: RAM + 1 },
  },
  {
    what: 'an FPU instruction before CPACR enables it',
    asm: 'vmov.f32 s0, s1',
    code: 'eeb0 0a60',
    fault: { kind: 'fpu_disabled', pc: CODE, encoding: 0xeeb00a60 },
  },
  {
    what: 'a stack that grows below its limit',
    asm: 'loop: push {r0-r3}; b loop',
    code: 'b40f e7fd',
    options: { stackLimit: STACK_TOP - 64 },
    fault: { kind: 'stack_overflow', pc: CODE, address: STACK_TOP - 80 },
  },
  {
    what: 'a frame below the limit',
    asm: 'sub sp, sp, #512; str r0, [sp]',
    code: 'f5ad 7d00 9000',
    options: { stackLimit: STACK_TOP - 256 },
    fault: { kind: 'stack_overflow', pc: CODE, address: STACK_TOP - 512 },
  },
  {
    what: 'execution from data',
    asm: 'bx r7',
    code: '4738',
    registers: { 7: RAM + 0x101 },
    fault: { kind: 'execute_from_data', pc: RAM + 0x100 },
  },
  {
    what: 'execution of unmapped memory',
    asm: 'bx r7',
    code: '4738',
    registers: { 7: HOLE | 1 },
    fault: { kind: 'unmapped_access', pc: HOLE },
  },
  {
    what: 'a branch without the Thumb bit',
    asm: 'bx r6',
    code: '4730',
    registers: { 6: CODE },
    fault: { kind: 'other', pc: CODE },
  },
  {
    what: 'a breakpoint',
    asm: 'bkpt #3',
    code: 'be03',
    fault: { kind: 'breakpoint', pc: CODE, encoding: 0xbe03 },
  },
];

describe('planted faults on the built-in core', () => {
  it.each(PLANTED)('$what ($asm)', ({ code, registers, options, fault }) => {
    const machine = boot(code, options);
    for (const [register, value] of Object.entries(registers ?? {})) {
      machine.writeRegister(Number(register), value);
    }
    const stop = runToEnd(machine);
    expect(stop).toMatchObject({ kind: 'fault', fault });
  });

  it('ends an endless loop at the step budget', () => {
    // spin: b spin
    const machine = boot('e7fe');
    const stop = machine.runUntil(0x1ffe, 1000);
    expect(stop).toMatchObject({ kind: 'fault', fault: { kind: 'step_budget', pc: CODE } });
    expect(machine.counters().instructions).toBe(1000);
  });

  it('changes nothing when a load multiple faults half way', () => {
    // ldm r6, {r0, r1}
    const machine = boot('e896 0003');
    machine.writeRegister(6, STACK_TOP - 4);
    machine.writeRegister(0, 11);
    machine.writeRegister(1, 12);
    expect(runToEnd(machine)).toMatchObject({ fault: { kind: 'unmapped_access', address: STACK_TOP } });
    expect([machine.readRegister(0), machine.readRegister(1)]).toEqual([11, 12]);
  });

  it('tells the calls that led to a fault', () => {
    // push {lr}; bl inner; pop {pc}; inner: push {lr}; bl leaf; pop {pc}; leaf: udf #1
    const machine = boot('b500 f000 f801 bd00 b500 f000 f801 bd00 de01');
    const stop = runToEnd(machine);
    expect(stop).toMatchObject({ fault: { kind: 'undefined_instruction', pc: CODE + 16 } });
    expect(machine.callPath()).toEqual([
      { callSite: CODE + 2, callee: CODE + 8 },
      { callSite: CODE + 10, callee: CODE + 16 },
    ]);
  });

  it('counts exactly what ran before a fault', () => {
    // nop; nop; ldr r0, [r4]: 2 instructions, 2 cycles
    const machine = boot('bf00 bf00 6820');
    machine.writeRegister(4, HOLE);
    runToEnd(machine);
    expect(machine.counters()).toEqual({ instructions: 2, cycles: 2 });
  });
});

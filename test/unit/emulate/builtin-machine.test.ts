/** The system around the built-in core: reset, FPU enable, counters, semihosting, SVC, stacks, watches. Code by GNU as. */
import { describe, expect, it } from 'vitest';
import { boot, CODE, halfwords, RAM, runToEnd, STACK_TOP } from './builtin-program.js';

const BREAKPOINT = { kind: 'fault', fault: { kind: 'breakpoint' } };

describe('the built-in machine', () => {
  it('resets from the vector table', () => {
    const machine = boot('bf00');
    expect(machine.readRegister(13)).toBe(STACK_TOP);
    expect(machine.readRegister(14)).toBe(0xffffffff);
    expect(machine.readRegister(15)).toBe(CODE);
    expect(machine.lowestStackPointer()).toBe(STACK_TOP);
  });

  it('stops before the instruction asked for, and goes on from there', () => {
    // adds r0, #1; adds r0, #1; b .-4
    const machine = boot('3001 3001 e7fc');
    expect(machine.runUntil(CODE + 2, 100)).toEqual({ kind: 'reached', address: CODE + 2 });
    expect(machine.readRegister(0)).toBe(1);
    expect(machine.runUntil(CODE + 2, 100)).toEqual({ kind: 'reached', address: CODE + 2 });
    expect(machine.readRegister(0)).toBe(3);
    expect(machine.counters().instructions).toBe(4);
  });

  it('executes FPU instructions once CPACR enables them', () => {
    // ldr r0, =0xe000ed88; ldr r1, [r0]; orr r1, r1, #0xf00000; str r1, [r0]; dsb; isb; vmov.f32 s0, s1; bkpt #1
    const machine = boot('4805 6801 f441 0170 6001 f3bf 8f4f f3bf 8f6f eeb0 0a60 be01 ed88 e000');
    machine.writeFloatRegister(1, 0x3f800000);
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.readFloatRegister(0)).toBe(0x3f800000);
  });

  it('lets DWT CYCCNT read its own cycles', () => {
    // enable; ldr r2, [r0, #4]; nop ×3; ldr r3, [r0, #4]; subs r2, r3, r2: 2 + 3 cycles between the reads
    const machine = boot(
      '4807 f04f 7180 6001 4806 2100 6041 2101 6001 6842 bf00 bf00 bf00 6843 1a9a be01 edfc e000 1000 e000',
    );
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.readRegister(2)).toBe(5);
  });

  it('lets SysTick count down with its own cycles', () => {
    // reload 0xffffff, enable; ldr r2; nop ×5; ldr r3; subs r2, r2, r3
    const machine = boot(
      '4807 f06f 417f 6041 6081 2105 6001 6882 bf00 bf00 bf00 bf00 bf00 6883 1ad2 be01 e010 e000',
    );
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.readRegister(2)).toBe(7);
  });

  it('prints and exits through semihosting', () => {
    // SYS_WRITE0 of r5, then SYS_EXIT with ADP_Stopped_ApplicationExit
    const machine = boot('2004 4629 beab 2018 4900 beab 0026 0002');
    machine.writeRegister(5, RAM);
    machine.write(RAM, new TextEncoder().encode('crc 1234\n\0'));
    expect(runToEnd(machine)).toEqual({ kind: 'exit', status: 0 });
    expect(machine.output()).toBe('crc 1234\n');
  });

  it('takes a supervisor call to its handler and returns', () => {
    // movs r0, #5; svc #9; adds r0, #1; bkpt #1
    const machine = boot('2005 df09 3001 be01');
    // handler: adds r1, #1; ldr r2, [sp]; adds r2, #10; str r2, [sp]; bx lr — changes the stacked r0
    machine.write(0x400, halfwords('3101 9a00 320a 9200 4770'));
    machine.write(44, new Uint8Array(Uint32Array.of(0x401).buffer));
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.readRegister(0)).toBe(16);
    expect(machine.readRegister(1)).toBe(0);
    expect(machine.readRegister(13)).toBe(STACK_TOP);
    expect(machine.lowestStackPointer()).toBe(STACK_TOP - 32);
  });

  it('switches to the process stack', () => {
    // msr psp, r6; movs r0, #2; msr control, r0; isb; push {r0, r1}; mov r3, sp; mrs r2, msp; bkpt #1
    const machine = boot('f386 8809 2002 f380 8814 f3bf 8f6f b403 466b f3ef 8208 be01');
    machine.writeRegister(6, RAM + 0x400);
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.readRegister(3)).toBe(RAM + 0x3f8);
    expect(machine.readRegister(2)).toBe(STACK_TOP);
  });

  it('watches main and process stack apart', () => {
    // push {r0, r1}; psp = r6; use it; push and pop {r0-r5}; back to the main stack; push {r0-r3}; bkpt #1
    const machine = boot(
      'b403 f386 8809 2002 f380 8814 f3bf 8f6f b43f bc3f 2000 f380 8814 f3bf 8f6f b40f be01',
      { stackLimit: STACK_TOP - 64 },
    );
    // far below the limit of the main stack, which does not concern it
    machine.writeRegister(6, RAM + 0x400);
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    expect(machine.processStackBytes()).toBe(24);
    expect(machine.lowestStackPointer()).toBe(STACK_TOP - 24);
  });

  it('holds PSPLIM while the process stack is in use', () => {
    // psp = r6; psplim = r7; use it; push {r0-r3} twice; bkpt #1
    const machine = boot('f386 8809 f387 880b 2002 f380 8814 f3bf 8f6f b40f b40f be01', { core: 'm33' });
    machine.writeRegister(6, RAM + 0x400);
    machine.writeRegister(7, RAM + 0x3f0);
    const fault = { kind: 'stack_overflow', pc: CODE + 20, address: RAM + 0x3e0 };
    expect(runToEnd(machine)).toMatchObject({ kind: 'fault', fault });
  });

  it('faults when an exception frame does not fit above the limit', () => {
    // svc #9
    const machine = boot('df09', { stackLimit: STACK_TOP - 16 });
    machine.write(44, new Uint8Array(Uint32Array.of(0x401).buffer));
    const fault = { kind: 'stack_overflow', address: STACK_TOP - 32 };
    expect(runToEnd(machine)).toMatchObject({ kind: 'fault', fault });
  });

  it('raises COUNTFLAG of SysTick when it reaches zero, once, and keeps its value when stopped', () => {
    // reload 9, clear, enable; ldr r2, [r0]; nop ×8; ldr r3, [r0]; ldr r4, [r0]; disable; ldr r5, [r0, #8]; nop ×2; ldr r6
    const machine = boot(
      '480b 2109 6041 6081 2105 6001 6802 bf00 bf00 bf00 bf00 bf00 bf00 bf00 bf00 6803 6804 2104 6001 6885 ' +
        'bf00 bf00 6886 be01 e010 e000',
    );
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    // the flag shows nine cycles after the start, and reading clears it
    expect([2, 3, 4].map((register) => machine.readRegister(register))).toEqual([5, 0x10005, 5]);
    expect(machine.readRegister(5)).toBeGreaterThan(0);
    expect(machine.readRegister(6)).toBe(machine.readRegister(5));
  });

  it('lets code wait for SysTick', () => {
    // reload 99, clear, enable; wait: ldr r2, [r0]; lsls r2, r2, #15; bpl wait: 6 cycles a turn
    const machine = boot('4804 2163 6041 6081 2105 6001 6802 03d2 d5fc be01 e010 e000');
    expect(runToEnd(machine)).toMatchObject(BREAKPOINT);
    const { cycles } = machine.counters();
    expect(cycles).toBeGreaterThan(99);
    expect(cycles).toBeLessThan(99 + 20);
  });

  it('records which bytes were stored to', () => {
    // strb r0, [r4]; strh r0, [r4, #4]; str r0, [r4, #9]; bkpt
    const machine = boot('7020 80a0 f8c4 0009 be01');
    machine.writeRegister(4, RAM + 0x10);
    runToEnd(machine);
    const written = [...machine.writtenBytes('sram').keys()].filter((at) => machine.writtenBytes('sram')[at]);
    expect(written).toEqual([0x10, 0x14, 0x15, 0x19, 0x1a, 0x1b, 0x1c]);
    machine.clearWrittenBytes();
    expect(machine.writtenBytes('sram').includes(1)).toBe(false);
  });

  it('sees code that the host replaces', () => {
    const machine = boot('2001 be01'); // movs r0, #1
    runToEnd(machine);
    machine.write(CODE, halfwords('2002')); // movs r0, #2
    machine.writeRegister(15, CODE);
    runToEnd(machine);
    expect(machine.readRegister(0)).toBe(2);
  });

  it('charges flash by line, as a term of its own', () => {
    // 20 × nop, then b .-40: 42 bytes at 0x100 are three lines of 16
    const loop = `${'bf00 '.repeat(20)}e7ea`;
    const flash = { region: 'flash', waitStates: 5, lineBytes: 16, instructionLines: 8, dataLines: 2 };
    const cached = boot(loop, { flash: { ...flash, prefetch: false } });
    cached.runUntil(0x1ffe, 21 * 100);
    // fetched once
    expect(cached.memoryTerms().flashCode).toBe(15);
    const small = boot(loop, { flash: { ...flash, instructionLines: 2, prefetch: false } });
    small.runUntil(0x1ffe, 21 * 100);
    // every time round
    expect(small.memoryTerms().flashCode).toBe(1500);
    const prefetched = boot(loop, { flash: { ...flash, instructionLines: 2, prefetch: true } });
    prefetched.runUntil(0x1ffe, 21 * 100);
    // the first line of each round only: 8 NOPs hide 5 wait states
    expect(prefetched.memoryTerms().flashCode).toBe(500);
    expect(cached.counters().cycles - 15).toBe(small.counters().cycles - 1500);
  });

  it('charges reads of data from flash by line', () => {
    // ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r4, #16]; bkpt
    const flash = {
      region: 'flash',
      waitStates: 5,
      lineBytes: 16,
      instructionLines: 8,
      dataLines: 2,
      prefetch: false,
    };
    const machine = boot('6820 6861 6922 be01', { flash });
    machine.writeRegister(4, 0x400);
    runToEnd(machine);
    expect(machine.memoryTerms().flashData).toBe(10);
  });

  it('charges wait states of a region in one place', () => {
    // ldr r0, [r4]; bkpt: 2 cycles + 3 wait states
    const regions = [
      { name: 'flash', origin: 0, bytes: 0x2000, writable: false },
      { name: 'sram', origin: RAM, bytes: 0x1000, writable: true, readWaits: 3 },
    ];
    const machine = boot('6820 be01', { regions });
    machine.writeRegister(4, RAM);
    machine.runUntil(CODE + 2, 10);
    expect(machine.counters().cycles).toBe(5);
    expect(machine.memoryTerms()).toEqual({ regionWaits: 3, flashCode: 0, flashData: 0 });
  });
});

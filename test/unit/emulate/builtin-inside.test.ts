/**
 * What is known in the middle of a trace, where nothing has been accounted for yet: cycles that the program reads or
 * that a fault reports, and their way into a profile. Code by GNU as.
 */
import { describe, expect, it } from 'vitest';
import type { RawProfile } from '../../../src/emulate/builtin-counts.js';
import type { BuiltinMachine } from '../../../src/emulate/builtin-machine.js';
import { boot, CODE, halfwords, runToEnd } from './builtin-program.js';

const HANDLER = 0x400;
const CYCCNT = 0xe0001000;
const HOLE = 0x40000000;

/** With a handler of SVC: adds r1, #1; bx lr. */
function bootWithHandler(code: string, core: 'm4' | 'm7' | 'm33'): BuiltinMachine {
  const machine = boot(code, { core });
  machine.write(HANDLER, halfwords('3101 4770'));
  machine.write(44, new Uint8Array(Uint32Array.of(HANDLER | 1).buffer));
  return machine;
}

function profiled(code: string, core: 'm4' | 'm7' | 'm33'): RawProfile {
  const machine = bootWithHandler(code, core);
  machine.startProfile();
  expect(runToEnd(machine)).toMatchObject({ kind: 'fault', fault: { kind: 'breakpoint' } });
  return machine.endProfile();
}

const cyclesOf = ({ counts }: RawProfile): number => counts.reduce((sum, count) => sum + count.cycles, 0);

describe.each(['m4', 'm7', 'm33'] as const)('in the middle of a trace on %s', (core) => {
  // movs r1, #1; movs r2, #3; str r1, [r0]; again: subs r2, #1; bne again; movs r3, #0; ldr r4, [r0, #4]; bkpt #1
  const LOOP = '2101 2203 6001 3a01 d1fd 2300 6844 be01';
  const LOAD = CODE + 12;

  it('CYCCNT behind a loop reads what the counters say there', () => {
    const read = (stopsBefore: boolean): number => {
      const machine = boot(LOOP, { core });
      machine.writeRegister(0, CYCCNT);
      if (stopsBefore) machine.runUntil(LOAD, 100);
      runToEnd(machine);
      return machine.readRegister(4);
    };
    expect(read(false)).toBe(read(true));
  });

  it('a fault behind a loop has the cycles of all before it', () => {
    // the store goes to SRAM, the load nowhere: movs r1, #1; movs r2, #3; str r1, [sp, #-4]; …; ldr r4, [r0, #4]
    const code = LOOP.replace('6001', 'f84d 1c04');
    const counters = (stop: number) => {
      const machine = boot(code, { core });
      machine.writeRegister(0, HOLE);
      machine.runUntil(stop, 100);
      expect(machine.readRegister(15)).toBe(LOAD + 2);
      return machine.counters();
    };
    expect(counters(0x1ffe)).toEqual(counters(LOAD + 2));
  });

  it('a fault has all before it in the profile', () => {
    const machine = boot(LOOP.replace('6001', 'f84d 1c04'), { core });
    machine.writeRegister(0, HOLE);
    machine.startProfile();
    expect(runToEnd(machine)).toMatchObject({ fault: { kind: 'unmapped_access', pc: LOAD + 2 } });
    const profile = machine.endProfile();
    // the third round falls out of the loop; the load itself has not happened
    expect(profile.counts.map(({ address, executions }) => [address - CODE, executions])).toEqual([
      [0, 1],
      [2, 1],
      [4, 1],
      [8, 3],
      [10, 3],
      [12, 1],
    ]);
    expect(cyclesOf(profile)).toBe(profile.cycles);
  });

  it('a supervisor call that is skipped costs no more than another instruction', () => {
    // movs r0, #3; again: cmp r0, #7; it eq; svceq #9; subs r0, #1; bne again; nop; bkpt #1
    const profile = profiled('2003 2807 bf08 df09 3801 d1fa bf00 be01', core);
    expect(cyclesOf(profile)).toBe(profile.cycles);
    const cycles = (address: number) => profile.counts.find((count) => count.address === address)!.cycles;
    expect(cycles(CODE + 6)).toBeLessThanOrEqual(3);
    expect(Math.min(...profile.counts.map((count) => count.cycles))).toBeGreaterThanOrEqual(0);
  });

  it('entering and leaving a handler is in the profile', () => {
    // movs r0, #3; again: svc #9; subs r0, #1; bne again; bkpt #1
    const profile = profiled('2003 df09 3801 d1fc be01', core);
    expect(cyclesOf(profile)).toBe(profile.cycles);
    // 12 cycles or so each way, three times
    expect(profile.counts.find(({ address }) => address === CODE + 2)!.cycles).toBeGreaterThanOrEqual(36);
  });

  it('a breakpoint in an IT block stops whatever the condition (DDI 0403E A7.7.17)', () => {
    // movs r0, #1; itt eq; moveq r1, #1; bkpt #1; nop; bkpt #2
    const machine = boot('2001 bf04 2101 be01 bf00 be02', { core });
    expect(runToEnd(machine)).toMatchObject({ fault: { kind: 'breakpoint', pc: CODE + 6 } });
    expect(machine.readRegister(1)).toBe(0);
    expect(machine.counters().instructions).toBe(4);
  });
});

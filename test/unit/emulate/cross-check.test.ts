/** The comparison of two engines' states, on states written by hand. */
import { describe, expect, it } from 'vitest';
import { type CrossCheck, StateComparison } from '../../../src/emulate/cross-check.js';
import type { Machine } from '../../../src/emulate/machine.js';

const MEMORY = { origin: 0x20000000, bytes: 16 };

interface StandIn {
  readonly registers?: Readonly<Record<number, number>>;
  readonly floats?: Readonly<Record<number, number>>;
  readonly bytes?: Readonly<Record<number, number>>;
}

/** A core that stands still: everything is 0 but what is given. */
function core({ registers = {}, floats, bytes = {} }: StandIn = {}): Machine {
  const machine = {
    readRegister: (index: number) => registers[index] ?? 0,
    read: (address: number, length: number) =>
      Uint8Array.from({ length }, (_, i) => bytes[address - MEMORY.origin + i] ?? 0),
    ...(floats === undefined ? {} : { readFloatRegister: (index: number) => floats[index] ?? 0 }),
  };
  return machine as unknown as Machine;
}

/** Compares runs of stops −1, 0, 1 …; each given by its states. */
function compare(first: readonly Machine[], second: readonly Machine[]): CrossCheck {
  const comparison = new StateComparison(MEMORY);
  first.forEach((machine, i) => {
    comparison.record(machine, i - 1);
  });
  second.forEach((machine, i) => {
    comparison.compare(machine, i - 1);
  });
  return comparison.result();
}

describe('StateComparison', () => {
  it('counts what it compared', () => {
    const states = [core(), core({ registers: { 3: 7 }, bytes: { 5: 1 } })];
    expect(compare(states, states)).toEqual({ stops: 2, registers: 17, memoryBytes: 32 });
    const withFloats = [core({ floats: { 31: 0x3f800000 } })];
    expect(compare(withFloats, withFloats).registers).toBe(49);
  });

  it.each([
    ['a register', { registers: { 4: -1 } }, { what: 'r4', first: 0, second: 0xffffffff }],
    ['the link register', { registers: { 14: 9 } }, { what: 'lr', first: 0, second: 9 }],
    ['the carry flag', { registers: { 16: 0x20000000 } }, { what: 'flags', second: 0x20000000 }],
    ['a GE flag', { registers: { 16: 0x00080000 } }, { what: 'flags', second: 0x00080000 }],
    [
      'memory',
      { bytes: { 3: 5, 9: 1 } },
      { what: 'memory', address: 0x20000003, first: 0, second: 5, count: 2 },
    ],
  ] as const)('names %s', (_name, state, expected) => {
    const { difference } = compare([core(), core()], [core(), core(state)]);
    expect(difference).toMatchObject({ step: 0, ...expected });
  });

  it('names a float register where both engines have them', () => {
    const different = core({ floats: { 2: 1 } });
    expect(compare([core({ floats: {} })], [different]).difference).toMatchObject({ what: 's2', step: -1 });
    expect(compare([core()], [different]).difference).toBeUndefined();
  });

  it('leaves out Q and the parts of xPSR that are not flags', () => {
    expect(
      compare([core()], [core({ registers: { 16: 0x09000003 } })]).difference,
      'Q, T and the exception number',
    ).toBeUndefined();
  });

  it('keeps the first difference', () => {
    const changed = [core(), core({ registers: { 0: 1 } }), core({ registers: { 1: 1 } })];
    expect(compare([core(), core(), core()], changed).difference).toMatchObject({ step: 0, what: 'r0' });
  });

  it('says when one of them stopped earlier', () => {
    const two = [core(), core()];
    expect(compare(two, [core()]).difference).toMatchObject({ what: 'steps', step: 0 });
    expect(compare([core()], two).difference).toMatchObject({ what: 'steps', step: 0 });
  });
});

/** Cycles of micro-sequences on each core against the manual's table or published measurements. */
import { describe, expect, it } from 'vitest';
import { M4_SEQUENCES } from './cycles/m4.js';
import { M7_SEQUENCES } from './cycles/m7.js';
import { M33_SEQUENCES } from './cycles/m33.js';
import { measureCycles } from './cycles/micro-sequence.js';

describe.each([
  ['m4', M4_SEQUENCES],
  ['m7', M7_SEQUENCES],
  ['m33', M33_SEQUENCES],
] as const)('cycles on %s', (core, sequences) => {
  it.each(sequences)('$asm: $cycles ($source)', (sequence) => {
    expect(measureCycles(core, sequence)).toBe(sequence.cycles);
  });
});

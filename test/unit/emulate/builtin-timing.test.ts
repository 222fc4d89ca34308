/** The timing tables: the same classes on both sides, every name known, and bytes where the core reads them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeTiming } from '../../../src/emulate/builtin-timing.js';
import { TIMING_CLASSES } from '../../../src/targets/core-timing.js';
import { CORTEX_M4_TIMING } from '../../../src/targets/cortex-m4.js';
import { CORTEX_M7_TIMING } from '../../../src/targets/cortex-m7.js';
import { CORTEX_M33_TIMING } from '../../../src/targets/cortex-m33.js';

const source = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('timing tables', () => {
  it('list the classes of assembly/cortex-m/timing/classes.ts in the same order', () => {
    const body = /enum Cls \{([^}]*)\}/.exec(source('assembly/cortex-m/timing/classes.ts'))![1]!;
    const names = body.match(/[A-Z_]+/g)!.map((name) => name.toLowerCase());
    expect(names).toEqual([...TIMING_CLASSES, 'count']);
    expect(TIMING_CLASSES.length).toBeLessThanOrEqual(64);
  });

  it.each([CORTEX_M4_TIMING, CORTEX_M7_TIMING, CORTEX_M33_TIMING])('of $core state their basis', (timing) => {
    expect(timing.basis.length).toBeGreaterThan(20);
    const bytes = encodeTiming(timing);
    // cost of a plain ALU instruction: one cycle on every core
    expect(bytes[64 + TIMING_CLASSES.indexOf('alu')]).toBe(1);
    expect(bytes[0]).toBe(timing.core === 'm4' ? 0 : 1);
  });

  it('cite a source for every number', () => {
    for (const file of ['cortex-m4', 'cortex-m7', 'cortex-m33']) {
      const text = source(`src/targets/${file}.ts`);
      expect(text).toMatch(/TRM|JNK/);
      expect(text).not.toMatch(/TODO/);
    }
  });
});

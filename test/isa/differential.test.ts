/**
 * Every instruction form of the built-in core against Unicorn, on M4, M7 and M33; and random words.
 * ISA_CASES and ISA_WORDS set the size (npm run test:isa:full: 2,000 operand sets a form, 1,000,000 words), ISA_SEED
 * replays a run.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { CoreId } from '../../src/targets/target.js';
import { createBuiltinEngine } from './builtin-engine.js';
import { Differential } from './differential.js';
import { supports } from './forms/form.js';
import { FORMS } from './forms/index.js';
import { KNOWN_DIFFERENCES } from './known-differences.js';
import { compareRandomWords } from './random-words.js';
import { createUnicornEngine, unicornPresent } from './unicorn-engine.js';

const CASES = Number(process.env.ISA_CASES ?? 40);
const WORDS = Number(process.env.ISA_WORDS ?? 4000);
const SEED = Number(process.env.ISA_SEED ?? 20240611);
const CORES: readonly CoreId[] = ['m4', 'm7', 'm33'];
const PRESENT = unicornPresent();
const HOUR = 3_600_000;

describe.skipIf(!PRESENT)('the built-in core against Unicorn (skipped without libunicorn)', () => {
  const totals: string[] = [];
  afterAll(() => {
    process.stdout.write(`${totals.join('\n')}\n`);
  });

  it.each(CORES)(
    'executes every form alike on %s',
    (core) => {
      const differential = new Differential(core, createBuiltinEngine(core), () => createUnicornEngine(core));
      const forms = FORMS.filter((form) => supports(form, core));
      const differences: string[] = [];
      let cases = 0;
      let faults = 0;
      forms.forEach((form, index) => {
        const result = differential.run(form, CASES, SEED + index);
        cases += result.cases;
        faults += result.faults;
        differences.push(...result.differences.map((line) => `seed ${SEED + index}: ${line}`));
      });
      differential.close();
      totals.push(`isa ${core}: ${forms.length} forms, ${cases} cases, ${differences.length} differences`);
      expect(differences).toEqual([]);
      // returns to odd and even addresses fault half of the time; nothing else may
      expect(faults).toBeLessThan(CASES);
      expect(cases).toBe(forms.length * CASES);
    },
    HOUR,
  );

  it.each(CORES)(
    'executes or refuses random words alike on %s',
    (core) => {
      const differential = new Differential(core, createBuiltinEngine(core), () => createUnicornEngine(core));
      const result = compareRandomWords(differential, WORDS, SEED);
      differential.close();
      const known = [...result.explained].map(([name, count]) => `  ${count} × ${name}`);
      totals.push(
        `isa ${core}: ${result.words} random words, ${result.executed} executed, ${result.refused} refused by both, ` +
          `${result.unexplained.length} unexplained; known differences:\n${known.join('\n')}`,
      );
      expect(result.unexplained, `seed ${SEED}`).toEqual([]);
      expect(result.executed).toBeGreaterThan(WORDS / 4);
      expect(result.refused).toBeGreaterThan(WORDS / 4);
    },
    HOUR,
  );

  it('names each known difference once', () => {
    const names = KNOWN_DIFFERENCES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

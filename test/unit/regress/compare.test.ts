/** Verdicts of the gate, each from numbers in the test; the baseline file survives a round trip and refuses damage. */
import { describe, expect, it } from 'vitest';
import type { Baseline, Costs, Observed } from '../../../src/ir/baseline.js';
import { decodeBaseline, encodeBaseline } from '../../../src/regress/baseline.js';
import { compareWith } from '../../../src/regress/compare.js';
import { buildRegressReport, formatRegress, type RegressFacts } from '../../../src/report/regress-report.js';

const observed = (name: string, costs: Costs, changes: Partial<Observed> = {}): Observed => ({
  ...{ name, outputs: 'aa', costs, correct: true },
  ...changes,
});

const BEFORE = [
  observed('same', { cycles: 1000, flashBytes: 500 }),
  observed('faster', { cycles: 1000 }),
  observed('slower', { cycles: 1000 }),
  observed('slightly slower', { cycles: 1000 }),
  observed('larger', { cycles: 1000, flashBytes: 500 }),
  observed('other bytes', { cycles: 1000 }),
  observed('wrong bytes', { cycles: 1000 }),
  observed('forgotten', { cycles: 1000 }),
];
const AFTER = [
  observed('same', { cycles: 1000, flashBytes: 500 }),
  observed('faster', { cycles: 999 }),
  observed('slower', { cycles: 1021 }),
  observed('slightly slower', { cycles: 1020 }),
  observed('larger', { cycles: 900, flashBytes: 501 }),
  observed('other bytes', { cycles: 900 }, { outputs: 'bb' }),
  observed('wrong bytes', { cycles: 900 }, { correct: false }),
  observed('added', { cycles: 5 }),
];

const facts = (changes: Partial<RegressFacts>): RegressFacts => ({
  ...{ baseline: 'costs.json', compiler: 'zig cc 1', compilerOfBaseline: null, bounds: {} },
  ...{ subjects: [], informs: null },
  ...changes,
});

describe('compareWith', () => {
  it('judges every kind of change', () => {
    const changes = compareWith(BEFORE, AFTER, { cycles: 2 });
    expect(Object.fromEntries(changes.map(({ name, verdict }) => [name, verdict]))).toEqual({
      same: 'same',
      faster: 'better',
      slower: 'worse',
      'slightly slower': 'within bounds',
      larger: 'worse',
      'other bytes': 'different',
      'wrong bytes': 'wrong',
      added: 'new',
      forgotten: 'gone',
    });
    const strict = compareWith(BEFORE, AFTER, {});
    expect(strict.find(({ name }) => name === 'slightly slower')?.verdict).toBe('worse');
  });
});

describe('the report', () => {
  const verdictOf = (name: string, bounds: Costs = {}): boolean =>
    buildRegressReport(
      facts({
        subjects: compareWith(BEFORE, AFTER, bounds).filter((change) => change.name === name),
      }),
    ).ok;

  it('is red for whatever is worse, different, wrong or gone', () => {
    const red = ['slower', 'larger', 'other bytes', 'wrong bytes', 'forgotten'];
    const green = ['same', 'faster', 'added'];
    expect(red.map((name) => verdictOf(name))).toEqual(red.map(() => false));
    expect(green.map((name) => verdictOf(name))).toEqual(green.map(() => true));
    expect(verdictOf('slower', { cycles: 3 })).toBe(true);
  });

  it('is red when the compiler is another one, and takes no cost from an informing one', () => {
    expect(buildRegressReport(facts({ compilerOfBaseline: 'zig cc 0' })).ok).toBe(false);
    const informs = (name: string) => ({
      compiler: 'gcc 12',
      subjects: compareWith(BEFORE, AFTER, {}).filter((change) => change.name === name),
    });
    expect(buildRegressReport(facts({ informs: informs('slower') })).ok).toBe(true);
    expect(buildRegressReport(facts({ informs: informs('wrong bytes') })).ok).toBe(false);
  });

  it('is a Markdown table of before and after', () => {
    const report = buildRegressReport(facts({ subjects: compareWith(BEFORE, AFTER, {}) }));
    const text = formatRegress(report);
    expect(text).toMatch(/^### quantmcu regress: \*\*6 of 9 not as they should be\*\*/);
    expect(text).toContain('| slower | **1,000 → 1,021, +2.10 %** |  | **worse** |');
    expect(text).toContain('| faster | 1,000 → 999, -0.10 % |  | better |');
    expect(text).toContain('| larger | 1,000 → 900, -10.00 % | **500 → 501, +0.20 %** | **worse** |');
    expect(text).toContain('<details><summary>1 the same</summary>');
  });
});

describe('the baseline file', () => {
  const baseline: Baseline = {
    ...{ toolchain: 'zig', compiler: 'zig cc 1', bounds: { cycles: 0.5 } },
    subjects: {
      plans: [{ model: 'a.tflite', target: 'l4r5zi', mode: 'tflm', seed: 1 }],
      kernels: [{ cores: ['m4'], modes: ['mulhi'], widths: ['a8w8'], shape: '', seed: 1 }],
    },
    measured: [{ name: 'a.tflite on l4r5zi, tflm', outputs: 'aa', costs: { cycles: 7, stackBytes: 8 } }],
    informs: { compiler: 'gcc 12', measured: [] },
  };

  it('survives a round trip, a line a subject', () => {
    const text = encodeBaseline(baseline);
    expect(decodeBaseline(text, 'costs.json')).toEqual(baseline);
    expect(text.split('\n').filter((line) => line.includes('a.tflite on'))).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{', /is no JSON/],
    ['another file', '{"format": "x", "version": 1}', /expected quantmcu-baseline 1/],
    [
      'a cost of no kind',
      encodeBaseline(baseline).replace('"stackBytes"', '"heat"'),
      /measured\[0\]\.costs.*heat/,
    ],
    ['a negative cost', encodeBaseline(baseline).replace('"cycles":7', '"cycles":-7'), /cycles: -7/],
    ['a missing field', encodeBaseline(baseline).replace('"target"', '"tarjet"'), /plans\[0\].*target/],
    ['a list that is none', encodeBaseline(baseline).replace('["m4"]', '"m4"'), /cores.*a list/],
  ])('is refused with its place: %s', (_, text, message) => {
    expect(() => decodeBaseline(text, 'costs.json')).toThrow(message);
  });
});

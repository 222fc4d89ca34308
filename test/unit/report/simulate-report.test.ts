import { describe, expect, it } from 'vitest';
import { buildSimulateReport, formatSimulate, rankOf } from '../../../src/report/simulate-report.js';

const facts = {
  ...{ model: 'net', mode: 'tflm', data: 'set', recipe: 'stretch', threads: 1 },
  ...{ classes: 10, requested: 4, elapsedMs: 500, ranks: [0, 4, 5, 0] },
};

describe('rankOf', () => {
  it('counts better scores; ties go to the lower index', () => {
    expect(rankOf([5, 9, 9, -1], 1)).toBe(0);
    expect(rankOf([5, 9, 9, -1], 2)).toBe(1);
    expect(rankOf([5, 9, 9, -1], 3)).toBe(3);
    expect(rankOf([5, 9], 7)).toBe(2);
  });
});

describe('buildSimulateReport', () => {
  it('gives percent and keeps what varies under timing', () => {
    const report = buildSimulateReport(facts);
    expect(report).toMatchObject({ n: 4, top1: 50, top5: 75, complete: true });
    expect(report.timing).toEqual({ imagesPerSecond: 8, totalMs: 500, threads: 1 });
  });

  it('says when it was interrupted', () => {
    const report = buildSimulateReport({ ...facts, requested: 9 });
    expect(report.complete).toBe(false);
    expect(formatSimulate(report)).toContain('4 (interrupted: the first samples only)');
  });
});

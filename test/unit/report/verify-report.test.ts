import { describe, expect, it } from 'vitest';
import { buildVerifyReport, type VerifyFacts } from '../../../src/report/verify-report.js';
import { formatVerify } from '../../../src/report/verify-text.js';

const layer = (name: string, cycles: number, equal: boolean) => ({
  ...{ name, op: 'conv2d', kernel: 'conv2d_a8_w8__dsp', kernelWhy: '', outputShape: [2, 2, 4] },
  ...{ macs: 100, cycles, comparedBytes: 16, equal },
});

function facts(changes: Partial<VerifyFacts> = {}): VerifyFacts {
  return {
    model: 'net',
    mode: 'tflm',
    engine: 'unicorn',
    toolchain: 'gcc 12',
    board: {
      id: 'toy',
      name: 'Toy board',
      core: 'm4',
      clockHz: 1_000_000,
      flash: { origin: 0, bytes: 4096 },
      sram: { origin: 0x20000000, bytes: 1000 },
      memoryFactor: { low: 1, mid: 1.2, high: 1.5, basis: 'guess' },
      source: 'none',
    },
    core: {
      id: 'm4',
      name: 'Cortex-M4',
      architecture: 'ARMv7E-M',
      feature: 'dsp',
      flags: { gcc: [], zig: [] },
      uncertainty: { relative: 0.1, basis: 'table' },
    },
    virtualBoard: false,
    input: 'a.png',
    layers: [layer('one', 750, true), layer('two', 250, true)],
    outputs: [{ name: 'out', shape: [1, 1, 2], values: [-3, 4] }],
    problems: [],
    cyclesByEngine: { unicorn: 1000 },
    memory: {
      ...{
        arenaBytes: 500,
        stackBytes: 100,
        staticSramBytes: 50,
        inputBytes: 300,
        inputStreamed: false,
        flashBytes: 4000,
      },
      measured: { arenaBytes: 500, staticSramBytes: 50, paintedStackBytes: 90, reservedStackBytes: 128 },
    },
    timing: { simulateMs: 1, totalMs: 2 },
    ...changes,
  };
}

describe('buildVerifyReport', () => {
  it('adds up what the fields promise', () => {
    const report = buildVerifyReport(facts());
    expect(report).toMatchObject({ ok: true, fits: true, target: 'toy', engine: 'unicorn', mode: 'tflm' });
    expect(report.layers.map((l) => l.share)).toEqual([0.75, 0.25]);
    // 1000 cycles at 1 MHz are 1 ms; low 1·0.9, mid 1.2, high 1.5·1.1.
    expect(report.totals).toMatchObject({
      macs: 200,
      cycles: 1000,
      comparedBytes: 32,
      peakSramBytes: 950,
      latencyMs: { low: 0.9, mid: 1.2, high: 1.65 },
    });
    expect(report.totals.latencyMs.basis).toMatch(/Cortex-M4.*10 %.*table.*guess/);
  });

  it('keeps ok and fits apart', () => {
    const memory = { ...facts().memory, inputBytes: 400 };
    expect(buildVerifyReport(facts({ memory }))).toMatchObject({ ok: true, fits: false });
    const layers = [layer('one', 1, true), layer('two', 1, false)];
    expect(buildVerifyReport(facts({ layers }))).toMatchObject({ ok: false, fits: true });
  });
});

describe('formatVerify', () => {
  it('says both verdicts in words', () => {
    const text = formatVerify(buildVerifyReport(facts()));
    expect(text).toContain('OK         firmware and simulation agree on every feature map, 32 bytes');
    expect(text).toContain('FITS       Toy board');
    expect(text).toMatch(/total, 2 layers .* 2 of 2 equal/);
  });

  it('counts a fault as failure even where all bytes agree', () => {
    const problems = [
      { engine: 'unicorn', kind: 'arena_overrun', layer: 'two', message: 'layer two: arena overrun' },
    ];
    const report = buildVerifyReport(facts({ problems }));
    expect(report.ok).toBe(false);
    expect(formatVerify(report)).toContain('FAULT      unicorn: layer two: arena overrun');
  });

  it('names the first difference and what is missing', () => {
    const difference = {
      ...{ layer: 'two', y: 1, x: 0, channel: 3, expected: -5, actual: 7 },
      ...{ count: 2, engine: 'unicorn' },
    };
    const layers = [layer('one', 1, true), layer('two', 1, false)];
    const memory = { ...facts().memory, arenaBytes: 2048 };
    const text = formatVerify(buildVerifyReport(facts({ layers, difference, memory, virtualBoard: true })));
    expect(text).toContain(
      'DIFFERENT  first in layer two at (y 1, x 0, channel 3): expected -5, unicorn has 7; 2 values differ there',
    );
    expect(text).toContain('TOO BIG    1.5 KiB more SRAM than Toy board has; it ran on a virtual board');
  });
});

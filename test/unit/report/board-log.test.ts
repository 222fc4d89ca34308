import { describe, expect, it } from 'vitest';
import { type BoardLogFacts, buildBoardLogReport } from '../../../src/report/board-log-report.js';
import { formatBoardLog, formatBoardVerdict } from '../../../src/report/board-log-text.js';
import { plainStyle } from '../../../src/report/style.js';
import { CORES, findBoard } from '../../../src/targets/index.js';

const layer = (name: string, changes: Partial<BoardLogFacts['layers'][number]> = {}) => ({
  ...{ name, expectedCrc: 7, crc: 7, cycles: 1200, estimatedCycles: 1000, isRequest: false },
  ...changes,
});

function report(...layers: BoardLogFacts['layers']) {
  const facts = { log: 'a.txt', board: findBoard('l4r5zi')!, core: CORES.m4, complete: true };
  return buildBoardLogReport({ ...facts, outputsEqual: true, layers });
}

describe('buildBoardLogReport', () => {
  it('compares cycles with what the estimate says for the board', () => {
    // l4r5zi: memory ×1.18–1.34, the M4 table ±5 %.
    const { ok, cycles } = report(layer('a'), layer('b', { cycles: 2600, estimatedCycles: 2000 }));
    expect(ok).toBe(true);
    expect(cycles).toEqual({
      ...{ measured: 3800, estimated: 3000, ratio: 1.2667, within: true },
      low: Math.round(3000 * 1.18 * 0.95),
      high: Math.round(3000 * 1.34 * 1.05),
    });
    expect(report(layer('a', { cycles: 2000 })).cycles?.within).toBe(false);
  });

  it('leaves out layers that were not counted or wait for their input', () => {
    const { cycles, layers } = report(
      layer('a'),
      layer('b', { cycles: 0 }),
      layer('c', { cycles: 90_000, isRequest: true }),
    );
    expect(cycles).toMatchObject({ measured: 1200, estimated: 1000 });
    expect(layers.map(({ ratio }) => ratio)).toEqual([1.2, null, null]);
    expect(report(layer('a', { cycles: 0 })).cycles).toBeNull();
  });

  it('names the first layer that differs or is missing', () => {
    const differs = report(layer('a'), layer('b', { crc: 0xab }), layer('c', { crc: null, cycles: 0 }));
    expect(differs).toMatchObject({ ok: false, equalLayers: 1, firstDifference: 'b' });
    expect(differs.layers.map(({ verdict }) => verdict)).toEqual(['equal', 'different', 'missing']);
    expect(formatBoardVerdict(differs, plainStyle)).toMatch(
      /^BOARD {6}1 of 3 layers equal; first different: b\n/,
    );
    expect(formatBoardLog(differs, plainStyle)).toMatch(/\nb +DIFFERENT 000000ab, expected 00000007 /);
  });
});

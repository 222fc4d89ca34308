import { describe, expect, it } from 'vitest';
import type { BitAssignment } from '../../src/ir/stage-data.js';
import { assignmentOf, meanOutcome, outcomeCells, outcomeOf, widthCells } from './frontier-row.mjs';

const NAMES: BitAssignment = {
  defaultActivationBits: 8,
  defaultWeightBits: 8,
  activations: { conv: 8, add: 8, pool: 8 },
  weights: { conv: 8, fc: 8 },
};

describe('a row of the frontier', () => {
  it('holds the widths of its plan, a digit each', () => {
    const widths: BitAssignment = {
      ...NAMES,
      activations: { conv: 8, add: 2, pool: 4 },
      weights: { conv: 4, fc: 2 },
    };
    const cells = widthCells(widths);
    expect(cells).toEqual({ activation_widths: '824', weight_widths: '42' });
    expect(assignmentOf({ network: 'net', ...cells }, NAMES)).toEqual(widths);
  });

  it('is named when its widths are not as many as the network has', () => {
    const row = {
      network: 'net',
      case: 'VDQS',
      share: '0.5000',
      activation_widths: '84',
      weight_widths: '42',
    };
    expect(() => assignmentOf(row, NAMES)).toThrow(
      'src/search/frontier.csv, net, VDQS, share 0.5000: 2 widths, expected 3; delete the row to have it measured anew',
    );
  });

  it('read by two seeds weighs twice as much as the third', () => {
    // Noise-to-signal ratios of 0.1 (two seeds) and 0.4: their mean over seeds is 0.2, which is 6.99 dB.
    const row = {
      ...{
        images: '200',
        seeds: '2',
        points_lost: '1.50',
        half_width_95: '3.00',
        points_by_seed: '1.00 2.00',
      },
      ...{ agreement: '90.00', score_sqnr_db: '10.00' },
    };
    const third = {
      ...{ n: 200, points: 4.5, halfWidth: 6, agreement: 84, pointsBySeed: [4.5] },
      scoreSqnrDb: -10 * Math.log10(0.4),
    };
    expect(outcomeCells(meanOutcome([outcomeOf(row)!, third]))).toEqual({
      ...{ images: 200, seeds: 3, points_lost: '2.50', half_width_95: '4.00' },
      ...{ points_by_seed: '1.00 2.00 4.50', agreement: '88.00', score_sqnr_db: '6.99' },
    });
  });

  it('read by one seed, the one that its search measured under, is read anew', () => {
    expect(outcomeOf({ seeds: '1', points_by_seed: '2.00' })).toBeUndefined();
  });
});

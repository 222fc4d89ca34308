/** VDPC by hand-computed thresholds, and splits that are refused. */
import { describe, expect, it } from 'vitest';
import { classifyByActivity, classifyByNoise, classifyByOutliers } from '../../../src/classify/classify.js';
import { criticalZ, outlierShare, phiOfZ, thresholdForShare, zOfPhi } from '../../../src/classify/outlier.js';

const UNIT = { mean: 0, standardDeviation: 1 };

describe('the Gaussian threshold', () => {
  it('of φ = e⁻² lies at two standard deviations', () => {
    expect(zOfPhi(Math.exp(-2))).toBeCloseTo(2, 12);
    expect(phiOfZ(3)).toBeCloseTo(0.011109, 6);
  });

  it('counts what lies strictly beyond it', () => {
    expect(outlierShare([0, 2, -2.5, 3], UNIT, 2)).toBe(0.5);
    expect(outlierShare([10, 14, 4], { mean: 10, standardDeviation: 2 }, 2)).toBeCloseTo(1 / 3, 12);
  });

  it('that a patch just misses is its largest distance at τ = 0, the second largest when one may lie beyond', () => {
    const patch = [0.5, -4, 3, 1];
    expect(criticalZ(patch, UNIT, 0)).toBe(4);
    expect(criticalZ(patch, UNIT, 0.25)).toBe(3);
    expect(criticalZ([5, 5], { mean: 5, standardDeviation: 0 }, 0)).toBe(0);
  });

  it('flags the wanted share of patches', () => {
    expect(thresholdForShare([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(thresholdForShare([1, 2, 3, 4], 0)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('classes per position', () => {
  const grid = { rows: 1, columns: 4 };
  const quiet = [0.1, -0.2, 0.3, 0.1];
  const loud = [0.1, 6, 0.2, -0.1];

  it('protect where most images have an outlier patch', () => {
    const images = [
      [quiet, loud, quiet, loud],
      [quiet, loud, loud, quiet],
      [quiet, loud, quiet, quiet],
    ];
    const found = classifyByOutliers(images, grid, {
      fit: UNIT,
      tau: 0,
      flaggedShare: 5 / 12,
      imageShare: 0.5,
    });
    expect(found.figures).toEqual([0, 1, 1 / 3, 1 / 3]);
    expect(found.classes).toEqual(['plain', 'protected', 'plain', 'plain']);
    expect(found.threshold?.z).toBeCloseTo((6 + 0.3) / 2, 12);
  });

  it('protect the noisiest and the most active positions', () => {
    expect(classifyByNoise([0.1, 0.4, 0.2, 0.3], grid, 0.5).classes).toEqual([
      'plain',
      'protected',
      'plain',
      'protected',
    ]);
    const active = classifyByActivity(
      [
        [
          [1, 1],
          [0, 4],
          [2, 2.5],
          [0, 1],
        ],
      ],
      grid,
      0.25,
    );
    expect(active.figures).toEqual([0, 2, 0.25, 0.5]);
    expect(active.classes).toEqual(['plain', 'protected', 'plain', 'plain']);
  });

  it('are refused when all patches are alike', () => {
    const images = [[loud, loud, loud, loud]];
    const options = { fit: UNIT, tau: 0, flaggedShare: 1, imageShare: 0.5 };
    expect(() => classifyByOutliers(images, grid, options)).toThrow(
      'rule outlier protects all of the patches',
    );
    expect(() => classifyByNoise([1, 1, 1, 1], grid, 0)).toThrow('protects none');
  });
});

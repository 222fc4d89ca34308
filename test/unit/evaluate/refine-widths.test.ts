/** Refinement of a share of cost against bounds that are known. */
import { describe, expect, it } from 'vitest';
import { refineShare } from '../../../src/evaluate/refine-widths.js';

/** Tries shares of a problem that keeps its bound from `least` on; those below `floor` do not exist. */
async function refineTo(least: number, start: number, limit: number, floor = 0) {
  const tried: number[] = [];
  const found = await refineShare(start, limit, async (share) => {
    tried.push(share);
    return share < floor ? undefined : { share, keeps: share >= least };
  });
  return { tried, found };
}

describe('refineShare', () => {
  it.each([
    // Steps of 2^(-1/8); 0.5 is step 8, and 0.33 lies between 12 (0.354) and 13 (0.324).
    [0.33, 0.5, 2 ** (-12 / 8)],
    [0.33, 0.2, 2 ** (-12 / 8)],
    [0.33, 0.354, 2 ** (-12 / 8)],
    [1, 0.9, 1],
  ])('with a bound at %f from %f ends at the cheapest step that keeps it', async (least, start, expected) => {
    const { found } = await refineTo(least, start, 10);
    expect(found!.keeps).toBe(true);
    expect(found!.share).toBeCloseTo(expected, 12);
  });

  it('tries no more than it may', async () => {
    for (const limit of [1, 2, 4]) {
      const { tried } = await refineTo(0.1, 0.9, limit);
      expect(tried.length).toBe(limit);
    }
  });

  it('takes what does not exist for what does not keep', async () => {
    const { found } = await refineTo(0.1, 0.5, 10, 0.4);
    expect(found!.share).toBeCloseTo(2 ** (-10 / 8), 12);
  });

  it('gives the dearest plan where nothing keeps the bound', async () => {
    const { tried, found } = await refineTo(2, 0.5, 10);
    expect(found).toEqual({ share: 1, keeps: false });
    expect(tried.at(-1)).toBe(1);
  });
});

/** Refinement of a share of cost against bounds that are known. */
import { describe, expect, it } from 'vitest';
import { refineShare, ShareGrid, scanBelow } from '../../../src/evaluate/refine-widths.js';

/** Shares of a problem that keeps its bound where `keeps` says so; those below `floor` do not exist. */
function shareGrid(keeps: (share: number) => boolean, floor = 0, leastShare = 1 / 16) {
  const tried: number[] = [];
  const grid = new ShareGrid(leastShare, async (share) => {
    tried.push(share);
    return share < floor ? undefined : { share, keeps: keeps(share) };
  });
  return { tried, grid };
}

async function refineTo(least: number, start: number, limit: number, floor = 0) {
  const { tried, grid } = shareGrid((share) => share >= least, floor);
  const found = await refineShare(grid, start, limit);
  return { tried, found: found?.trial, step: found?.step };
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

it('has eight steps where widths can save little', async () => {
  const { grid } = shareGrid((share) => share >= 0.955, 0.9, 0.9);
  expect((await refineShare(grid, 0.93, 10))!.trial.share).toBeCloseTo(0.9 ** (3 / 8), 2);
});

it('stays at 8 bits where widths save nothing', async () => {
  const { grid } = shareGrid(() => true, 1, 1);
  expect((await refineShare(grid, 1, 10))!.trial.share).toBe(1);
});

describe('scanBelow', () => {
  /** Steps of the grid that keep the bound. */
  const keepingAt = (...steps: number[]) =>
    shareGrid((share) => steps.some((step) => Math.abs(share - 2 ** (-step / 8)) < 1e-9));

  it('goes past steps that lose the bound, to the third in a row', async () => {
    const { tried, grid } = keepingAt(4, 7, 11);
    expect((await scanBelow(grid, 4, 99))!.share).toBeCloseTo(2 ** (-7 / 8), 12);
    expect(tried.map((share) => Math.round(-8 * Math.log2(share)))).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it('does not try a known step again, and counts it for nothing', async () => {
    const { tried, grid } = keepingAt(7);
    await grid.at(5);
    expect((await scanBelow(grid, 4, 2))!.share).toBeCloseTo(2 ** (-7 / 8), 12);
    expect(tried.length).toBe(3);
  });

  it('ends where nothing cheaper exists', async () => {
    const { grid } = shareGrid(() => true, 2 ** (-6.5 / 8));
    expect((await scanBelow(grid, 4, 99))!.share).toBeCloseTo(2 ** (-6 / 8), 12);
    expect(await scanBelow(grid, 6, 99)).toBeUndefined();
  });
});

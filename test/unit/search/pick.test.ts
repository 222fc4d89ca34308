/** The choice of `tune`, against prices worked out by hand. */
import { describe, expect, it } from 'vitest';
import { pickCheapest, priceOf, type Tried } from '../../../src/search/pick.js';

const tried = (saved: number, changed: number, noise = 0.1): Tried => ({ saved, changed, noise });

describe('the pick', () => {
  it('takes the least accuracy lost per cost saved', () => {
    // Prices 0.5 / 0.1 = 5, 1.5 / 0.5 = 3 and 8.5 / 0.7 = 12.1.
    expect(pickCheapest([tried(0.1, 0), tried(0.5, 1), tried(0.7, 8)])).toBe(1);
    expect(priceOf(tried(0.5, 1))).toBe(3);
  });

  it('finds a planted best wherever it stands', () => {
    const others = [0.1, 0.2, 0.3, 0.4, 0.5].map((saved) => tried(saved, 4));
    for (let at = 0; at <= others.length; at++)
      expect(pickCheapest([...others.slice(0, at), tried(0.6, 0), ...others.slice(at)])).toBe(at);
  });

  it('saves most among settings that change no answer, and never takes what saves nothing', () => {
    expect(pickCheapest([tried(0.1, 0), tried(0.3, 0), tried(0.2, 0)])).toBe(1);
    expect(pickCheapest([tried(0, 0), tried(-0.1, 0)])).toBeUndefined();
    expect(pickCheapest([])).toBeUndefined();
  });

  it('takes less noise, then the first, among equals', () => {
    expect(pickCheapest([tried(0.5, 1, 0.3), tried(0.5, 1, 0.2), tried(0.5, 1, 0.2)])).toBe(1);
  });
});

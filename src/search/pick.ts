/** The choice among tried settings: least accuracy lost per cost saved. Pure. */

export interface Tried {
  /** Share of the cost at 8 bits that is saved. */
  readonly saved: number;
  /** Answers of held-out samples that changed. */
  readonly changed: number;
  /** Noise-to-signal ratio of the scores: decides between equals. */
  readonly noise: number;
}

/**
 * Price of what is saved. Half an answer is added to those that changed: of settings that changed none on so few
 * samples the one that saves most is taken, and saving nothing is never free.
 */
export const priceOf = ({ saved, changed }: Tried): number =>
  saved > 0 ? (changed + 0.5) / saved : Number.POSITIVE_INFINITY;

/** Index of the lowest price; of equals the least noise, then the first. Undefined where nothing saves anything. */
export function pickCheapest(tried: readonly Tried[]): number | undefined {
  let best: number | undefined;
  tried.forEach((own, i) => {
    const price = priceOf(own);
    if (price === Number.POSITIVE_INFINITY) return;
    const kept = best === undefined ? undefined : tried[best]!;
    const difference = kept === undefined ? -1 : price - priceOf(kept);
    if (difference < 0 || (difference === 0 && own.noise < kept!.noise)) best = i;
  });
  return best;
}

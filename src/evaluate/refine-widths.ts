/**
 * A bound of accuracy, met by plans as they are quantised: reconstruction makes up for some of the noise, more with
 * some assignments than with others, so the bound of cost that was predicted is only where the search starts. Shares
 * of cost lie on one grid: searches under different bounds meet the same plans.
 */

/** Eight steps halve the cost. */
const STEPS_PER_HALF = 8;

export interface Trial {
  readonly share: number;
  readonly keeps: boolean;
}

/**
 * The cheapest trial that keeps the bound, from at most `limit` trials; the last one tried above the start where none
 * does. Steps away from the start grow until the answer changes; then the interval is halved.
 * @param attempt undefined where nothing so cheap exists
 */
export async function refineShare<T extends Trial>(
  start: number,
  limit: number,
  attempt: (share: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  let best: T | undefined;
  let failed: T | undefined;
  /** Steps below 8 bits everywhere: `kept` is the most that keeps, `lost` the least that does not. */
  let [kept, lost] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let at = Math.max(0, Math.round(-STEPS_PER_HALF * Math.log2(start)));
  let stride = 2;
  for (let i = 0; i < limit; i++) {
    const trial = await attempt(2 ** (-at / STEPS_PER_HALF));
    if (trial?.keeps === true) {
      kept = at;
      best = trial;
    } else {
      lost = at;
      failed = trial ?? failed;
    }
    if (lost - kept <= 1 || (kept === Number.NEGATIVE_INFINITY && at === 0)) break;
    if (lost === Number.POSITIVE_INFINITY) at += stride;
    else if (kept === Number.NEGATIVE_INFINITY) at = Math.max(0, at - stride);
    else at = Math.floor((kept + lost) / 2);
    stride *= 2;
  }
  return best ?? failed;
}

/**
 * A bound of accuracy, met by plans as they are quantised: reconstruction makes up for some of the noise, more with
 * some assignments than with others, so the bound of cost that was predicted is only where the search starts. Shares
 * of cost lie on one grid: searches under different bounds meet the same plans.
 */

/** Steps that halve the cost, */
const STEPS_PER_HALF = 8;
/** or more, so that this many lie between 8 bits everywhere and the least cost there is. */
const LEAST_STEPS = 8;
/** Steps in a row that lose the bound before nothing cheaper is expected to keep it. */
const PATIENCE = 3;

export interface Trial {
  readonly share: number;
  readonly keeps: boolean;
}

/** Steps below 8 bits everywhere, each tried once. */
export class ShareGrid<T extends Trial> {
  private readonly known = new Map<number, T | undefined>();
  private readonly stepsPerHalf: number;

  /**
   * @param leastShare of the cost of 8 bits everywhere, at the cheapest widths
   * @param attempt undefined where nothing so cheap exists
   */
  constructor(
    leastShare: number,
    private readonly attempt: (share: number) => Promise<T | undefined>,
  ) {
    this.stepsPerHalf = Math.max(STEPS_PER_HALF, Math.ceil(LEAST_STEPS / -Math.log2(leastShare)));
  }

  /** Steps that were tried. */
  get tried(): number {
    return this.known.size;
  }

  async at(step: number): Promise<T | undefined> {
    if (!this.known.has(step)) this.known.set(step, await this.attempt(2 ** (-step / this.stepsPerHalf)));
    return this.known.get(step);
  }

  nearest(share: number): number {
    return Math.max(0, Math.round(-this.stepsPerHalf * Math.log2(share)));
  }

  isKnown(step: number): boolean {
    return this.known.has(step);
  }
}

export interface RefinedShare<T> {
  readonly trial: T;
  /** On the grid. */
  readonly step: number;
}

/**
 * The cheapest trial that keeps the bound, from at most `limit` trials; the last one tried above the start where none
 * does. Steps away from the start grow until the answer changes; then the interval is halved.
 */
export async function refineShare<T extends Trial>(
  grid: ShareGrid<T>,
  start: number,
  limit: number,
): Promise<RefinedShare<T> | undefined> {
  let best: RefinedShare<T> | undefined;
  let failed: RefinedShare<T> | undefined;
  /** `kept` is the cheapest step that keeps, `lost` the dearest that does not. */
  let [kept, lost] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let at = grid.nearest(start);
  let stride = 2;
  for (let i = 0; i < limit; i++) {
    const trial = await grid.at(at);
    if (trial?.keeps === true) {
      kept = at;
      best = { trial, step: at };
    } else {
      lost = at;
      failed = trial === undefined ? failed : { trial, step: at };
    }
    if (lost - kept <= 1 || (kept === Number.NEGATIVE_INFINITY && at === 0)) break;
    if (lost === Number.POSITIVE_INFINITY) at += stride;
    else if (kept === Number.NEGATIVE_INFINITY) at = Math.max(0, at - stride);
    else at = Math.floor((kept + lost) / 2);
    stride *= 2;
  }
  return best ?? failed;
}

/**
 * The cheapest step below `from` that keeps the bound, past such as lose it: on a few images the loss does not grow
 * evenly. Ends after `PATIENCE` losses in a row or `limit` new trials.
 */
export async function scanBelow<T extends Trial>(
  grid: ShareGrid<T>,
  from: number,
  limit: number,
): Promise<T | undefined> {
  let found: T | undefined;
  const most = grid.tried + limit;
  for (let step = from + 1, losses = 0; losses < PATIENCE; step++) {
    if (grid.tried >= most && !grid.isKnown(step)) break;
    const trial = await grid.at(step);
    if (trial === undefined) break;
    if (trial.keeps) [found, losses] = [trial, 0];
    else losses++;
  }
  return found;
}

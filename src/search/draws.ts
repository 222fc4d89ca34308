/**
 * Which of several plans is the quietest, when measuring one again gives another figure: a quantiser's rounding depends
 * on what it samples, so the noise of a plan is one draw of many, and the quietest by one draw each is partly the
 * luckiest. Plans that may still be the best are measured again, the most promising first.
 *
 * An index policy on lower confidence bounds (Auer et al. 2002), with one spread for all plans, taken from repeated draws.
 */

/** Draws of one plan at most. */
const MOST_DRAWS = 4;
/** The best by their first draws, which are drawn again whatever the spread of the others: without, there is none. */
const PILOTS = 2;
/** Noise below this is none. */
const LEAST_NOISE = 1e-12;

interface Drawn {
  readonly key: string;
  /** ln of the noise, by draw. */
  readonly logs: readonly number[];
  /** One standard error below and above the mean. */
  readonly low: number;
  readonly high: number;
}

export class Draws {
  private readonly plans: readonly Drawn[];

  /** @param noises by plan one noise per draw, at least one; a plan whose noise is not a number is never the best */
  constructor(noises: ReadonlyMap<string, readonly number[]>) {
    const all = [...noises].map(([key, own]) => ({ key, logs: own.map(logOf) }));
    const spread = spreadOf(all.map(({ logs }) => logs).filter((logs) => logs.every(Number.isFinite)));
    this.plans = all.map(({ key, logs }) => {
      const error = spread / Math.sqrt(logs.length);
      return { key, logs, low: mean(logs) - error, high: mean(logs) + error };
    });
  }

  /** The plan to measure once more; undefined where that would hardly change what is kept. */
  next(): string | undefined {
    const pilots = [...this.plans].sort((a, b) => a.logs[0]! - b.logs[0]!).slice(0, PILOTS);
    if (pilots.length < PILOTS) return undefined;
    const pilot = pilots.find(({ logs }) => logs.length < 2);
    if (pilot !== undefined) return pilot.key;
    const best = least(this.plans, ({ low }) => low);
    const close = this.plans.filter(({ low }) => low < best.high);
    const open = close.filter(({ logs }) => logs.length < MOST_DRAWS);
    return close.length < 2 || open.length === 0 ? undefined : least(open, ({ low }) => low).key;
  }

  /**
   * The plan with the least noise that it may well have: of two alike the one that was drawn more often.
   * @param price by plan what is added to its ln noise
   */
  kept(price: (key: string) => number = () => 0): string {
    return least(this.plans, ({ high, key }) => high + price(key)).key;
  }
}

const logOf = (noise: number): number =>
  Number.isNaN(noise) ? Number.POSITIVE_INFINITY : Math.log(Math.max(noise, LEAST_NOISE));

const least = (plans: readonly Drawn[], of: (plan: Drawn) => number): Drawn =>
  plans.reduce((a, b) => (of(b) < of(a) ? b : a));

/** Standard deviation of a plan's ln noise over draws; 0 as long as no plan was drawn twice. */
function spreadOf(plans: readonly (readonly number[])[]): number {
  let [squares, freedom] = [0, 0];
  for (const logs of plans) {
    const center = mean(logs);
    squares += logs.reduce((sum, x) => sum + (x - center) ** 2, 0);
    freedom += logs.length - 1;
  }
  return freedom > 0 ? Math.sqrt(squares / freedom) : 0;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

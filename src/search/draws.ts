/**
 * Which of several plans is the quietest, when measuring one again gives another figure: a quantiser's rounding depends
 * on what it samples, so the noise of a plan is one draw of many, and the quietest by one draw each is partly the
 * luckiest. Plans that may still be the best are measured again, the most promising first.
 *
 * An index policy on lower confidence bounds (Auer et al. 2002), with one spread for all plans, taken from repeated draws.
 */

/** Draws of one plan at most. */
const MOST_DRAWS = 4;
/** Plans that are drawn again before the spread of draws is known. */
const PILOTS = 2;

interface Drawn {
  readonly key: string;
  /** ln of the noise, by draw. */
  readonly logs: readonly number[];
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

export class Draws {
  private readonly plans: readonly Drawn[];

  /** @param noises by plan one positive noise per draw, at least one */
  constructor(noises: ReadonlyMap<string, readonly number[]>) {
    this.plans = [...noises].map(([key, own]) => ({ key, logs: own.map(Math.log) }));
  }

  /** The plan to measure once more; undefined where another draw would not change what is kept. */
  next(): string | undefined {
    const pilots = [...this.plans].sort((a, b) => a.logs[0]! - b.logs[0]!).slice(0, PILOTS);
    if (pilots.length < 2) return undefined;
    const pilot = pilots.find(({ logs }) => logs.length < 2);
    if (pilot !== undefined) return pilot.key;
    const best = this.least(({ low }) => low);
    const { high } = this.boundsOf(best);
    const rivals = this.plans.filter((plan) => plan !== best && this.boundsOf(plan).low < high);
    if (rivals.length === 0) return undefined;
    return best.logs.length < MOST_DRAWS ? best.key : undefined;
  }

  /**
   * The plan with the least noise that it may well have: of two alike the one that was drawn more often.
   * @param price by plan what is added to its ln noise
   */
  kept(price: (key: string) => number = () => 0): string {
    return this.least(({ high }, { key }) => high + price(key)).key;
  }

  /** Standard deviation of a plan's ln noise over draws; 0 as long as no plan was drawn twice. */
  private spread(): number {
    let [squares, freedom] = [0, 0];
    for (const { logs } of this.plans) {
      const center = mean(logs);
      squares += logs.reduce((sum, x) => sum + (x - center) ** 2, 0);
      freedom += logs.length - 1;
    }
    return freedom > 0 ? Math.sqrt(squares / freedom) : 0;
  }

  private boundsOf({ logs }: Drawn): Bounds {
    const error = this.spread() / Math.sqrt(logs.length);
    return { low: mean(logs) - error, high: mean(logs) + error };
  }

  private least(of: (bounds: Bounds, plan: Drawn) => number): Drawn {
    const worth = (plan: Drawn): number => of(this.boundsOf(plan), plan);
    return this.plans.reduce((a, b) => (worth(b) < worth(a) ? b : a));
  }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Widths of less noise at the same cost. After the method's own plan and some by rules of their own, the method is asked
 * again under figures that the plans measured so far have corrected (src/search/noise-belief.ts), sampled, so that plans
 * differ; then come the neighbours of the best that these figures expect most of; then the best are measured again
 * (src/search/draws.ts). The plan with least noise is kept, for what it costs: where the last of the cost buys less than
 * it does elsewhere, it is left.
 */
import { Draws } from '../search/draws.js';
import { quietestNeighbour } from '../search/neighbours.js';
import { NoiseBelief } from '../search/noise-belief.js';
import { type Assignment, assignmentKey, type SearchProblem, type SearchResult } from '../search/problem.js';
import type { Random } from '../support/random.js';

/** Samples of the figures that are drawn for a plan that was not tried yet. */
const SAMPLES = 8;
/**
 * Of the measurements, anchors among them: before neighbours of the best come first, and before the best are measured
 * again.
 */
const [SAMPLED_SHARE, NEW_SHARE] = [1 / 2, 2 / 3];

/** Of the cost of the quietest plan that one of less cost takes at least: who allows a cost wants most of it used. */
const LEAST_SPENT = 2 ** (-1 / 8);

export interface WidthTrial {
  readonly assignment: Assignment;
  /** Otherwise it corrects the figures, and is not kept. */
  readonly isWithinLimits: boolean;
}

export interface QuieterRequest<T> {
  readonly start: Assignment;
  /** Tried after the first, in this order, before the method is asked again. */
  readonly anchors: readonly WidthTrial[];
  /** Measurements besides the first: of other plans, anchors among them, and of the best once more. */
  readonly trials: number;
  readonly random: Random;
  /** Of the plans that are tried, but for anchors. */
  readonly costLimit: number;
  /** By how much ln noise falls as ln cost grows, under the best widths: what a plan that costs less may be noisier. */
  readonly noisePerCost: number;
  /** The method under other figures, within the same limits. */
  readonly solve: (figures: SearchProblem['figures']) => SearchResult;
  /** @param draw 0, 1, …: other samples of whatever chance there is in making and measuring a plan */
  readonly measure: (assignment: Assignment, draw: number) => Promise<T>;
}

/** A plan with what was measured of it, draw by draw. */
export interface QuietWidths<T> {
  readonly assignment: Assignment;
  readonly draws: readonly T[];
  /** Arenas that were laid out for neighbours; those of the method are its own count. */
  readonly evaluations: number;
}

interface Tried<T> {
  readonly assignment: Assignment;
  readonly draws: T[];
}

/** A noise-to-signal ratio of the scores comes with what is measured of a plan. */
export async function quieterWidths<T extends { readonly noise: number }>(
  problem: SearchProblem,
  request: QuieterRequest<T>,
): Promise<QuietWidths<T>> {
  const { start, trials, noisePerCost, measure } = request;
  const proposals = new Proposals(problem, request);
  const within = new Map<string, Tried<T>>();
  const attempt = async ({ assignment, isWithinLimits }: WidthTrial): Promise<void> => {
    const first = await measure(assignment, 0);
    proposals.observe(assignment, first.noise);
    if (isWithinLimits) within.set(assignmentKey(assignment), { assignment, draws: [first] });
  };
  const draws = (): Draws =>
    new Draws(new Map([...within].map(([key, tried]) => [key, tried.draws.map(({ noise }) => noise)])));
  await attempt({ assignment: start, isWithinLimits: true });
  const fresh = async (samplesFirst: boolean): Promise<boolean> => {
    const trial = proposals.next(within.get(draws().kept())!.assignment, samplesFirst);
    if (trial !== undefined) await attempt(trial);
    return trial !== undefined;
  };
  const again = async (): Promise<boolean> => {
    const tried = within.get(draws().next() ?? '');
    if (tried !== undefined) tried.draws.push(await measure(tried.assignment, tried.draws.length));
    return tried !== undefined;
  };
  for (let i = 0; i < trials; i++) {
    const samplesFirst = i < SAMPLED_SHARE * trials;
    const isDone =
      i < NEW_SHARE * trials
        ? (await fresh(samplesFirst)) || (await again())
        : (await again()) || (await fresh(samplesFirst));
    if (!isDone) break;
  }
  const costOf = (key: string): number => problem.cost(within.get(key)!.assignment);
  const leastCost = LEAST_SPENT * costOf(draws().kept());
  const price = (key: string): number =>
    costOf(key) < leastCost ? Number.POSITIVE_INFINITY : noisePerCost * Math.log(costOf(key));
  return { ...within.get(draws().kept(price))!, evaluations: proposals.evaluations };
}

/** What to measure next of what was not measured yet. */
class Proposals {
  private readonly belief: NoiseBelief;
  private readonly known = new Set<string>();
  evaluations = 0;

  constructor(
    private readonly problem: SearchProblem,
    private readonly request: Pick<QuieterRequest<never>, 'anchors' | 'random' | 'costLimit' | 'solve'>,
  ) {
    this.belief = new NoiseBelief(problem);
  }

  observe(assignment: Assignment, noise: number): void {
    this.known.add(assignmentKey(assignment));
    this.belief.observe(assignment, noise);
  }

  next(best: Assignment, samplesFirst: boolean): WidthTrial | undefined {
    const anchor = this.request.anchors.find(({ assignment }) => !this.isKnown(assignment));
    if (anchor !== undefined) return anchor;
    const assignment = samplesFirst
      ? (this.sampled() ?? this.near(best))
      : (this.near(best) ?? this.sampled());
    return assignment && { assignment, isWithinLimits: true };
  }

  private isKnown = (assignment: Assignment): boolean => this.known.has(assignmentKey(assignment));

  private sampled(): Assignment | undefined {
    for (let i = 0; i < SAMPLES; i++) {
      const { feasible, assignment } = this.request.solve(this.belief.sample(this.request.random));
      if (feasible && !this.isKnown(assignment)) return assignment;
    }
    return undefined;
  }

  private near(from: Assignment): Assignment | undefined {
    const { costLimit } = this.request;
    const figures = this.belief.expected();
    const request = { from, figures, costLimit, isKnown: this.isKnown };
    const { assignment, evaluations } = quietestNeighbour(this.problem, request);
    this.evaluations += evaluations;
    return assignment;
  }
}

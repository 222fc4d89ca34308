/**
 * What is believed of the noise figures. At first each is what was measured of one narrow width alone on a few images;
 * every plan whose noise is measured corrects them: where a plan is noisier than the sum of its figures, these were
 * too low, each in proportion to how uncertain it is. A search that takes the figures at their word picks those that
 * came out too low by chance.
 *
 * A Gaussian belief of relative errors under a linear observation (one step of a Kalman filter per plan).
 */
import type { Random } from '../support/random.js';
import type { Assignment, CandidateFigures, SearchProblem } from './problem.js';

/** Standard deviation of a figure's relative error before any plan is measured. */
const PRIOR_ERROR = 0.6;
/** Correlation of the errors of one variable's narrow widths. */
const SHARED = 0.5;
/**
 * Relative error of a plan's measured noise as a sum of figures, between plans of one search: errors that all figures
 * share shift all of them alike and change no choice.
 */
const OBSERVATION_ERROR = 0.08;
/** Standard deviations are halved when sampling: half exploration, half use. */
const CAUTION = 0.5;
/** No figure is believed to be a smaller part than this of what was measured. */
const LEAST_PART = 0.1;

interface Figure {
  readonly variable: number;
  readonly noise: number;
}

export class NoiseBelief {
  private readonly figures: readonly Figure[];
  /** By variable and bits its place in `figures`. */
  private readonly places: readonly ReadonlyMap<number, number>[];
  /** Expected relative error of every figure, the noise at the widest widths last. */
  private readonly mean: Float64Array;
  private readonly covariance: readonly Float64Array[];

  constructor(private readonly problem: SearchProblem) {
    const figures: Figure[] = [];
    this.places = problem.figures.map(
      (row, variable) =>
        new Map(row.slice(1).map(({ bits, noise }) => [bits, figures.push({ variable, noise }) - 1])),
    );
    figures.push({ variable: -1, noise: problem.baseNoise ?? 0 });
    this.figures = figures;
    this.mean = new Float64Array(figures.length);
    this.covariance = figures.map((a) =>
      Float64Array.from(
        figures,
        (b) => (a === b ? 1 : a.variable === b.variable ? SHARED : 0) * PRIOR_ERROR ** 2,
      ),
    );
  }

  /** @param noise noise-to-signal ratio of the scores of a plan with these widths */
  observe(assignment: Assignment, noise: number): void {
    const { figures, mean, covariance } = this;
    const own = this.placesOf(assignment);
    const gains = covariance.map((row) =>
      own.reduce((sum, place) => sum + row[place]! * figures[place]!.noise, 0),
    );
    const expected = own.reduce((sum, place) => sum + figures[place]!.noise * (1 + mean[place]!), 0);
    const spread = own.reduce((sum, place) => sum + gains[place]! * figures[place]!.noise, 0);
    const variance = spread + (OBSERVATION_ERROR * noise) ** 2;
    if (!(variance > 0) || !Number.isFinite(noise)) return;
    covariance.forEach((row, i) => {
      mean[i]! += (gains[i]! * (noise - expected)) / variance;
      for (let j = 0; j < row.length; j++) row[j]! -= (gains[i]! * gains[j]!) / variance;
    });
  }

  /** Figures as they may well be. */
  sample(random: Random): readonly (readonly CandidateFigures[])[] {
    const root = choleskyRoot(this.covariance);
    const deviates = root.map(() => CAUTION * random.normal());
    return this.figuresWith(
      root.map((row, i) => row.reduce((sum, x, j) => sum + x * deviates[j]!, this.mean[i]!)),
    );
  }

  /** Figures as they are expected to be. */
  expected(): readonly (readonly CandidateFigures[])[] {
    return this.figuresWith(this.mean);
  }

  private figuresWith(errors: ArrayLike<number>): readonly (readonly CandidateFigures[])[] {
    return this.problem.figures.map((row, variable) => {
      let wider = 0;
      return row.map((figure): CandidateFigures => {
        const place = this.places[variable]!.get(figure.bits);
        if (place === undefined) return figure;
        wider = Math.max(figure.noise * Math.max(1 + errors[place]!, LEAST_PART), wider);
        return { ...figure, noise: wider };
      });
    });
  }

  private placesOf(assignment: Assignment): number[] {
    const narrow = assignment.flatMap((bits, variable) => this.places[variable]!.get(bits) ?? []);
    return [...narrow, this.figures.length - 1];
  }
}

/** Lower triangle L with L·Lᵀ = `matrix`, of rows as long as they are needed; directions without variance are left out. */
function choleskyRoot(matrix: readonly Float64Array[]): Float64Array[] {
  const root: Float64Array[] = [];
  matrix.forEach((row, i) => {
    const own = new Float64Array(i + 1);
    for (let j = 0; j <= i; j++) {
      const other = j === i ? own : root[j]!;
      let rest = row[j]!;
      for (let k = 0; k < j; k++) rest -= own[k]! * other[k]!;
      if (j === i) own[j] = Math.sqrt(Math.max(rest, 0));
      else own[j] = other[j]! > 1e-9 ? rest / other[j]! : 0;
    }
    root.push(own);
  });
  return root;
}

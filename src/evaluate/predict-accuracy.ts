/**
 * What an assignment does to the network's answers on calibration images, without a plan: the float engine with
 * rounded maps and weights. No labels are used: where two classes change places, the loss is what the float network
 * itself thinks of the one over the other.
 */
import type { FloatSample } from '../ir/float-network.js';
import type { BitAssignment, StageClasses } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { activationGrids, mapQuantization } from '../quantize/activation-grids.js';
import { DEFAULT_QUANTIZE_OPTIONS } from '../quantize/quantize.js';
import { noiseToSignal } from '../quantize/score-noise.js';
import { type Assignment, assignmentKey } from '../search/problem.js';
import { invariant } from '../support/errors.js';
import { type RoundedNetwork, ScoreRunner, type Scores } from './rounded-scores.js';
import type { NetworkFigures } from './search-figures.js';
import { bitAssignment } from './search-problem.js';

export interface AccuracyPrediction {
  /** Same best class as the float network, in percent. */
  readonly agreement: number;
  /** Points of top-1 that the changed answers cost if the float network's probabilities are right. */
  readonly drop: number;
  readonly scoreSqnrDb: number;
}

/** Of the images, that assignments are first tried on. */
const FIRST_SHARE = 1 / 3;

/** The stage's classes under an assignment; undefined where all branches are alike. */
type StageOf = (assignment: BitAssignment) => StageClasses | undefined;

export class AccuracyPredictor {
  private reference: Promise<Scores> | undefined;
  private readonly known = new Map<string, AccuracyPrediction>();

  private constructor(
    private readonly figures: NetworkFigures,
    private readonly runner: ScoreRunner,
    private readonly stageOf: StageOf = () => undefined,
  ) {}

  static async create(
    figures: NetworkFigures,
    samples: readonly FloatSample[],
    threads: number,
  ): Promise<AccuracyPredictor> {
    const { network, weights } = figures;
    return new AccuracyPredictor(figures, await ScoreRunner.create({ network, samples, weights }, threads));
  }

  /** Of plans with classes of branches, on the same images. */
  withClasses(figures: NetworkFigures, stageOf: StageOf): AccuracyPredictor {
    invariant(figures.weights === this.figures.weights, 'search/weights', 'the threads have other weights');
    const other = new AccuracyPredictor(figures, this.runner, stageOf);
    other.reference = this.floatScores();
    return other;
  }

  async predict(assignment: Assignment): Promise<AccuracyPrediction> {
    const key = assignmentKey(assignment);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const reference = await this.floatScores();
    const prediction = compareScores(reference, await this.runner.scores(this.round(assignment)));
    this.known.set(key, prediction);
    return prediction;
  }

  /**
   * Whether the prediction is good enough. Images that the float network is least sure of come first: what they alone
   * rule out needs no others. `isEnough` holds for whatever is better than what it holds for.
   */
  async keeps(
    assignment: Assignment,
    isEnough: (prediction: AccuracyPrediction) => boolean,
  ): Promise<boolean> {
    const key = assignmentKey(assignment);
    const known = this.known.get(key);
    if (known !== undefined) return isEnough(known);
    const reference = await this.floatScores();
    const rounded = this.round(assignment);
    // Those not looked at yet count as unchanged.
    const scores = [...reference];
    const order = leastSureFirst(reference);
    const first = Math.ceil(order.length * FIRST_SHARE);
    for (const some of [order.slice(0, first), order.slice(first)]) {
      const own = await this.runner.scores(rounded, some);
      some.forEach((sample, i) => {
        scores[sample] = own[i]!;
      });
      if (!isEnough(compareScores(reference, scores))) return false;
    }
    this.known.set(key, compareScores(reference, scores));
    return true;
  }

  /** What predictions compare with; made once, again after a failure. */
  floatScores(): Promise<Scores> {
    this.reference ??= this.runner.scores().catch((error: unknown) => {
      this.reference = undefined;
      throw error;
    });
    return this.reference;
  }

  private round(assignment: Assignment): RoundedNetwork {
    const { network, ranges, sites, channels } = this.figures;
    const bits = bitAssignment({ sites }, assignment);
    const { ranges: method } = DEFAULT_QUANTIZE_OPTIONS;
    const widthOf = (name: string): Width => bits.weights[name] ?? 8;
    const stage = this.stageOf(bits);
    const how = { method, channels, ...(stage === undefined ? {} : { stage }) };
    return {
      grids: activationGrids(network, ranges, bits, how).map(mapQuantization),
      weightBits: network.layers.map((layer) => widthOf(layer.name)),
    };
  }
}

export function compareScores(
  reference: readonly (readonly Float32Array[])[],
  scores: readonly (readonly Float32Array[])[],
): AccuracyPrediction {
  let [same, lost] = [0, 0];
  reference.forEach((outputs, s) => {
    const probabilities = softmax(outputs[0]!);
    const [expected, found] = [best(outputs[0]!), best(scores[s]![0]!)];
    if (expected === found) same++;
    lost += probabilities[expected]! - probabilities[found]!;
  });
  return {
    agreement: (100 * same) / reference.length,
    drop: (100 * lost) / reference.length,
    scoreSqnrDb: -10 * Math.log10(Math.max(noiseToSignal(reference, scores), 1e-12)),
  };
}

/** Noise-to-signal ratio of the scores. */
export const noiseOf = ({ scoreSqnrDb }: Pick<AccuracyPrediction, 'scoreSqnrDb'>): number =>
  10 ** (-scoreSqnrDb / 10);

/** Of one assignment measured several times; the noise is averaged, not its logarithm. */
export function meanPrediction(predictions: readonly AccuracyPrediction[]): AccuracyPrediction {
  const mean = (of: (prediction: AccuracyPrediction) => number): number =>
    predictions.reduce((sum, prediction) => sum + of(prediction), 0) / predictions.length;
  return {
    agreement: mean(({ agreement }) => agreement),
    drop: mean(({ drop }) => drop),
    scoreSqnrDb: -10 * Math.log10(mean(noiseOf)),
  };
}

/** Samples by the distance of their best class from the next. */
function leastSureFirst(reference: Scores): number[] {
  const margins = reference.map(([scores]) => {
    const [first = 0, second = 0] = softmax(scores!).sort().reverse();
    return first - second;
  });
  return margins.map((_, sample) => sample).sort((a, b) => margins[a]! - margins[b]! || a - b);
}

function softmax(scores: Float32Array): Float64Array {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(scores, (x) => Math.exp(x - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

function best(scores: Float32Array): number {
  let at = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[at]!) at = i;
  return at;
}

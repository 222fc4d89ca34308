/**
 * What an assignment does to the network's answers on calibration images, without a plan: the float engine with
 * rounded maps and weights. No labels are used: where two classes change places, the loss is what the float network
 * itself thinks of the one over the other.
 */
import type { FloatRunner, FloatSample } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import { activationGrids } from '../quantize/activation-grids.js';
import { DEFAULT_QUANTIZE_OPTIONS } from '../quantize/quantize.js';
import { applyQuantization, noiseToSignal, scoreTensors } from '../quantize/score-noise.js';
import type { Assignment } from '../search/problem.js';
import type { NetworkFigures } from './search-figures.js';
import { bitAssignment } from './search-problem.js';

export interface AccuracyPrediction {
  /** Same best class as the float network, in percent. */
  readonly agreement: number;
  /** Points of top-1 that the changed answers cost if the float network's probabilities are right. */
  readonly drop: number;
  readonly scoreSqnrDb: number;
}

export class AccuracyPredictor {
  private readonly runner: FloatRunner;
  private readonly reference: readonly Float32Array[][];
  private readonly known = new Map<string, AccuracyPrediction>();

  constructor(
    private readonly figures: NetworkFigures,
    private readonly samples: readonly FloatSample[],
  ) {
    this.runner = figures.engine.createRunner(figures.network);
    this.reference = this.scores();
  }

  predict(assignment: Assignment): AccuracyPrediction {
    const key = assignment.join('');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.apply(assignment);
    const prediction = compareScores(this.reference, this.scores());
    this.known.set(key, prediction);
    return prediction;
  }

  private apply(assignment: Assignment): void {
    const { network, ranges, sites, channels, weights } = this.figures;
    const bits = bitAssignment({ sites }, assignment);
    const { ranges: method } = DEFAULT_QUANTIZE_OPTIONS;
    const stored = activationGrids(network, ranges, bits, { method, channels });
    const widthOf = (name: string): Width => bits.weights[name] ?? 8;
    // Weights were rounded for inputs without factors: their real values stand for themselves.
    const plain = stored.map((map) => {
      const { channelScales: _, ...grid } = map.grid;
      return { ...map, grid };
    });
    const rounded = network.layers.map((layer, i) => weights.get(widthOf(layer.name))?.[i]);
    applyQuantization(this.runner, plain, rounded);
    for (const { id } of network.tensors) this.runner.setFakeQuantization(id, stored[id]!.grid);
  }

  /** Copies of the scores of every sample. */
  private scores(): Float32Array[][] {
    const tensors = scoreTensors(this.figures.network);
    return this.samples.map((sample) => {
      this.runner.run(sample);
      return tensors.map((id) => this.runner.map(id).slice());
    });
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

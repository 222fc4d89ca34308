/**
 * Scores of many samples by the float engine, with maps and weights rounded or as they are; threads share the samples.
 * Scores do not depend on who computes them.
 */

import { createFloatRunner } from '../calibrate/run-float.js';
import type { FloatLayer, FloatNetwork, FloatSample, MapQuantization } from '../ir/float-network.js';
import { isWeighted } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import type { QuantizedWeights } from '../quantize/quantize-layer.js';
import { realWeights } from '../quantize/quantize-weights.js';
import { collectScores } from '../quantize/score-noise.js';
import { createPool, type Task, type TaskPool } from './task-pool.js';

/** One entry per tensor, one per layer. */
export interface RoundedNetwork {
  readonly grids: readonly MapQuantization[];
  readonly weightBits: readonly Width[];
}

interface ScoreStart {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  /** By width one entry per layer; those of inputs without factors per channel. */
  readonly weights: ReadonlyMap<Width, readonly (QuantizedWeights | undefined)[]>;
}
interface ScoreRequest {
  /** As it is where left out. */
  readonly rounded?: RoundedNetwork;
  /** Their indices. */
  readonly some: readonly number[];
}

/** By sample, by output. */
export type Scores = Float32Array[][];

export const scoreTask: Task<ScoreStart, ScoreRequest, Scores> = {
  name: 'rounded scores',
  load: ({ network, samples, weights }) => {
    const runner = createFloatRunner(network);
    // A search reads them hundreds of times, and out of memory that threads share that is slow.
    const own = samples.map((sample) => sample.map((values) => values.slice()));
    /** Undefined: as the network has them. */
    const present: (Width | undefined)[] = network.layers.map(() => undefined);
    const setWeights = (layer: FloatLayer, i: number, bits: Width | undefined): void => {
      if (!isWeighted(layer) || present[i] === bits) return;
      const rounded = bits === undefined ? undefined : weights.get(bits)?.[i];
      runner.setWeights(i, rounded === undefined ? undefined : realWeights(layer, rounded));
      present[i] = bits;
    };
    return {
      run({ rounded, some }) {
        for (const { id } of network.tensors) runner.setFakeQuantization(id, rounded?.grids[id]);
        network.layers.forEach((layer, i) => {
          setWeights(layer, i, rounded?.weightBits[i]);
        });
        return collectScores(
          runner,
          some.map((sample) => own[sample]!),
        );
      },
    };
  },
};

export class ScoreRunner {
  private constructor(
    private readonly pool: TaskPool<ScoreRequest, Scores>,
    private readonly samples: number,
    private readonly threads: number,
  ) {}

  static async create(start: ScoreStart, threads: number): Promise<ScoreRunner> {
    const count = start.samples.length;
    const useful = Math.max(1, Math.min(threads, count));
    return new ScoreRunner(await createPool(scoreTask, start, useful), count, useful);
  }

  /** Of the samples with these indices, in their order; of all when left out. */
  async scores(
    rounded?: RoundedNetwork,
    some: readonly number[] = Array.from({ length: this.samples }, (_, i) => i),
  ): Promise<Scores> {
    const parts = Math.min(this.threads, some.length);
    const bound = (part: number): number => Math.floor((part * some.length) / parts);
    const requests = Array.from({ length: parts }, (_, part) =>
      this.pool.run({
        ...(rounded === undefined ? {} : { rounded }),
        some: some.slice(bound(part), bound(part + 1)),
      }),
    );
    return (await Promise.all(requests)).flat();
  }
}

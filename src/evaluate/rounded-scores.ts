/**
 * Scores of many samples by the float engine, with maps and weights rounded or as they are; threads share the samples.
 * Scores do not depend on who computes them.
 */

import { createFloatRunner } from '../calibrate/run-float.js';
import type { FakeQuantization, FloatNetwork, FloatSample } from '../ir/float-network.js';
import { isWeighted } from '../ir/float-network.js';
import type { QuantizedWeights } from '../quantize/quantize-layer.js';
import { realWeights } from '../quantize/quantize-weights.js';
import { collectScores } from '../quantize/score-noise.js';
import { createPool, type Task, type TaskPool } from './task-pool.js';

/** One entry per tensor, one per layer. Weights are those of inputs without factors per channel. */
export interface RoundedNetwork {
  readonly grids: readonly FakeQuantization[];
  readonly weights: readonly (QuantizedWeights | undefined)[];
}

interface ScoreStart {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
}
interface ScoreRequest {
  /** As it is where left out. */
  readonly rounded?: RoundedNetwork;
  /** Samples `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

/** By sample, by output. */
export type Scores = Float32Array[][];

export const scoreTask: Task<ScoreStart, ScoreRequest, Scores> = {
  name: 'rounded scores',
  load: ({ network, samples }) => {
    const runner = createFloatRunner(network);
    return {
      run({ rounded, from, to }) {
        for (const { id } of network.tensors) runner.setFakeQuantization(id, rounded?.grids[id]);
        network.layers.forEach((layer, i) => {
          const own = rounded?.weights[i];
          if (isWeighted(layer))
            runner.setWeights(i, own === undefined ? undefined : realWeights(layer, own));
        });
        return collectScores(runner, samples.slice(from, to));
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

  /** Of every sample, in their order. */
  async scores(rounded?: RoundedNetwork): Promise<Scores> {
    const { samples, threads } = this;
    const bound = (part: number): number => Math.floor((part * samples) / threads);
    const parts = Array.from({ length: threads }, (_, part) =>
      this.pool.run({
        ...(rounded === undefined ? {} : { rounded }),
        ...{ from: bound(part), to: bound(part + 1) },
      }),
    );
    return (await Promise.all(parts)).flat();
  }
}

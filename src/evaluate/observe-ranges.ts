/**
 * Calibration over threads: each runs the whole network but observes some of its tensors, which is the larger part of
 * the work. So the ranges are those of one thread, to the last bit.
 */
import { calibrate, observeTensors, rangesOf } from '../calibrate/calibrate.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Ranges, TensorRange } from '../ir/stage-data.js';
import { floatElements } from '../ops/float-reference.js';
import { createPool, shareOut, type Task } from './task-pool.js';

interface ObserveStart {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
}

/** A request names tensors. */
export const observeTask: Task<ObserveStart, readonly number[], readonly TensorRange[]> = {
  name: 'observe',
  load: ({ network, samples }) => ({
    run: (tensors, report) => observeTensors(network, samples, tensors, report),
  }),
};

export interface ObserveOptions {
  readonly key?: string;
  readonly threads: number;
  readonly onSample?: (done: number) => void;
}

export async function observeRanges(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  { threads, ...options }: ObserveOptions,
): Promise<Ranges> {
  const sizes = network.tensors.map((tensor) => ({ index: tensor.id, size: floatElements(tensor) }));
  const shares = shareOut(sizes, threads);
  if (shares.length === 1 || samples.length === 0) return calibrate(network, samples, options);
  const pool = await createPool(observeTask, { network, samples }, shares.length);
  const done = shares.map(() => 0);
  try {
    const parts = await Promise.all(
      shares.map((share, at) =>
        pool.run(share, (samplesDone) => {
          done[at] = samplesDone;
          options.onSample?.(Math.min(...done));
        }),
      ),
    );
    const ranges: TensorRange[] = [];
    shares.forEach((share, at) => {
      share.forEach((id, i) => {
        ranges[id] = parts[at]![i]!;
      });
    });
    return rangesOf(network, ranges, samples.length, options.key);
  } finally {
    await pool.close();
  }
}

/**
 * FloatNetwork + samples → Ranges: histogram, extremes, moments and channel means of every feature map, streamed
 * one sample at a time. The same samples in the same order give the same bytes.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { RANGES_FORMAT, RANGES_VERSION, type Ranges } from '../ir/stage-data.js';
import { floatElements } from '../ops/float-reference.js';
import { badInput } from '../support/errors.js';
import { MapObserver } from './map-observer.js';
import { createFloatExecution } from './run-float.js';

export interface CalibrateOptions {
  /** Identifies network, data and options (src/calibrate/ranges-file.ts); stored with the result. */
  readonly key?: string;
  readonly onSample?: (done: number) => void;
}

/** Errors: `input` when there are no samples, a sample has the wrong size or a map holds NaN or infinity. */
export async function calibrate(
  network: FloatNetwork,
  samples: Iterable<FloatSample> | AsyncIterable<FloatSample>,
  options: CalibrateOptions = {},
): Promise<Ranges> {
  const execution = createFloatExecution(network);
  const { state } = execution;
  const observers = network.tensors.map((tensor) => new MapObserver(state, tensor, floatElements(tensor)));
  let count = 0;
  for await (const sample of samples) {
    execution.runner.run(sample);
    observers.forEach((observer, id) => {
      observer.observe(state.addresses[id]!);
    });
    count++;
    options.onSample?.(count);
  }
  if (count === 0)
    throw badInput('calibrate/no-samples', 'there are no calibration samples', { where: network.name });
  return {
    format: RANGES_FORMAT,
    version: RANGES_VERSION,
    key: options.key ?? '',
    network: network.name,
    samples: count,
    tensors: observers.map((observer) => observer.finish()),
  };
}

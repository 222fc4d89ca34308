/**
 * FloatNetwork + samples → Ranges: histogram, extremes, moments and channel means of every feature map, streamed
 * one sample at a time. The same samples in the same order give the same bytes.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { RANGES_FORMAT, RANGES_VERSION, type Ranges, type TensorRange } from '../ir/stage-data.js';
import { floatElements } from '../ops/float-reference.js';
import { badInput } from '../support/errors.js';
import { MapObserver } from './map-observer.js';
import { createFloatExecution } from './run-float.js';

export interface CalibrateOptions {
  /** Identifies network, data and options (src/calibrate/ranges-file.ts); stored with the result. */
  readonly key?: string;
  readonly onSample?: (done: number) => void;
}

type Samples = Iterable<FloatSample> | AsyncIterable<FloatSample>;

/** Errors: `input` when there are no samples, a sample has the wrong size or a map holds NaN or infinity. */
export async function calibrate(
  network: FloatNetwork,
  samples: Samples,
  { key, onSample }: CalibrateOptions = {},
): Promise<Ranges> {
  let count = 0;
  const tensors = await observeTensors(network, samples, allTensors(network), (done) => {
    count = done;
    onSample?.(done);
  });
  return rangesOf(network, tensors, count, key);
}

export const allTensors = ({ tensors }: FloatNetwork): number[] => tensors.map(({ id }) => id);

export const rangesOf = (
  network: FloatNetwork,
  tensors: readonly TensorRange[],
  samples: number,
  key = '',
): Ranges => ({
  ...{ format: RANGES_FORMAT, version: RANGES_VERSION, key, network: network.name, samples, tensors },
});

/** Ranges of some tensors: what is observed of one does not depend on the others. Errors as `calibrate`. */
export async function observeTensors(
  network: FloatNetwork,
  samples: Samples,
  tensors: readonly number[],
  onSample: (done: number) => void,
): Promise<TensorRange[]> {
  const { runner, state } = createFloatExecution(network);
  const observers = tensors.map((id) => {
    const tensor = network.tensors[id]!;
    return { address: state.addresses[id]!, of: new MapObserver(state, tensor, floatElements(tensor)) };
  });
  let count = 0;
  for await (const sample of samples) {
    runner.run(sample);
    for (const { address, of } of observers) of.observe(address);
    onSample(++count);
  }
  if (count === 0)
    throw badInput('calibrate/no-samples', 'there are no calibration samples', { where: network.name });
  return observers.map(({ of }) => of.finish());
}

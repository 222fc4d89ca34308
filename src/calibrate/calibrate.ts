/**
 * FloatNetwork + samples → Ranges: histogram, extremes, moments and channel means of every feature map, streamed
 * one sample at a time. The same samples in the same order give the same bytes.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import {
  type ChannelRange,
  RANGES_FORMAT,
  RANGES_VERSION,
  type Ranges,
  type TensorRange,
} from '../ir/stage-data.js';
import { floatElements } from '../ops/float-reference.js';
import { badInput } from '../support/errors.js';
import { createFloatExecution, type FloatExecution } from './run-float.js';
import { MAX_BINS, StreamingHistogram } from './streaming-histogram.js';

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
  const observers = network.tensors.map((_, id) => new TensorObserver(execution, id));
  let count = 0;
  for await (const sample of samples) {
    execution.runner.run(sample);
    for (const observer of observers) observer.observe();
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

/** min and max as float32, sum and sum of squares as float64 (assembly/float/observe.ts). */
const RESULT_FLOATS = 6;
/** Sum, sum of squares (float64), minimum, maximum (float32) of a channel, from 0: maps hold 0 or may store it. */
const CHANNEL_BYTES = 24;

class TensorObserver {
  private readonly histogram = new StreamingHistogram();
  private readonly elements: number;
  private readonly resultAddress: number;
  private readonly countsAddress: number;
  private readonly channels: number;
  private readonly momentsAddress: number;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;
  private values = 0;

  constructor(
    private readonly execution: FloatExecution,
    private readonly id: number,
  ) {
    const { memory, network } = execution.state;
    this.elements = floatElements(network.tensors[id]!);
    this.resultAddress = memory.floats(RESULT_FLOATS);
    this.countsAddress = memory.floats(MAX_BINS);
    this.channels = network.tensors[id]!.shape[2];
    this.momentsAddress = memory.floats((CHANNEL_BYTES / 4) * this.channels);
  }

  observe(): void {
    const { kernels, addresses, network } = this.execution.state;
    const { buffer } = kernels.memory;
    const map = addresses[this.id]!;
    kernels.valueRange(map, this.elements, this.resultAddress);
    const [low, high] = new Float32Array(buffer, this.resultAddress, 2) as unknown as [number, number];
    const [sum, squares] = new Float64Array(buffer, this.resultAddress + 8, 2) as unknown as [number, number];
    if (!Number.isFinite(sum))
      throw badInput('calibrate/not-finite', 'the float network computes NaN or infinity', {
        where: network.tensors[this.id]!.name,
        fix: 'Check the recipe and the model.',
      });
    this.min = Math.min(this.min, low);
    this.max = Math.max(this.max, high);
    this.sum += sum;
    this.squares += squares;
    this.values += this.elements;
    this.histogram.cover(low, high);
    const { first, size, inverseWidth } = this.histogram;
    const counts = new Uint32Array(buffer, this.countsAddress, size).fill(0);
    const zeros = kernels.histogram(map, this.elements, inverseWidth, first, this.countsAddress);
    this.histogram.add(counts, zeros);
    kernels.channelMoments(map, this.elements / this.channels, this.channels, this.momentsAddress);
  }

  finish(): TensorRange {
    const { kernels, network } = this.execution.state;
    const { name } = network.tensors[this.id]!;
    const moments = new DataView(kernels.memory.buffer, this.momentsAddress, CHANNEL_BYTES * this.channels);
    const perChannel = this.values / this.channels;
    const mean = this.sum / this.values;
    const variance = Math.max(0, this.squares / this.values - mean * mean);
    const channels = Array.from({ length: this.channels }, (_, c): ChannelRange => {
      const at = CHANNEL_BYTES * c;
      return {
        mean: moments.getFloat64(at, true) / perChannel,
        meanSquare: moments.getFloat64(at + 8, true) / perChannel,
        min: moments.getFloat32(at + 16, true),
        max: moments.getFloat32(at + 20, true),
      };
    });
    return {
      name,
      min: this.min,
      max: this.max,
      mean,
      standardDeviation: Math.sqrt(variance),
      channels,
      histogram: this.histogram.finish(),
    };
  }
}

/** Histogram, extremes, moments and channels of one feature map, or of a region of it, streamed sample by sample. */
import type { FloatTensor } from '../ir/float-network.js';
import type { ChannelRange, TensorRange } from '../ir/stage-data.js';
import { badInput } from '../support/errors.js';
import type { RunnerState } from './float-layers.js';
import { MAX_BINS, StreamingHistogram } from './streaming-histogram.js';

/** min and max as float32, sum and sum of squares as float64 (assembly/float/observe.ts). */
const RESULT_FLOATS = 6;
/** Sum, sum of squares (float64), minimum, maximum (float32) of a channel, from 0: maps hold 0 or may store it. */
const CHANNEL_BYTES = 24;

export class MapObserver {
  private readonly histogram = new StreamingHistogram();
  private readonly resultAddress: number;
  private readonly countsAddress: number;
  private readonly channels: number;
  private readonly momentsAddress: number;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;
  private values = 0;

  /** `elements` values of `tensor`, the whole map or part of it, are observed at a time. */
  constructor(
    private readonly state: RunnerState,
    private readonly tensor: FloatTensor,
    private readonly elements: number,
  ) {
    const { memory } = state;
    this.resultAddress = memory.floats(RESULT_FLOATS);
    this.countsAddress = memory.floats(MAX_BINS);
    this.channels = tensor.shape[2];
    this.momentsAddress = memory.floats((CHANNEL_BYTES / 4) * this.channels);
  }

  /** Adds the values at `map`, whole pixels one after the other. */
  observe(map: number): void {
    const { kernels } = this.state;
    const { buffer } = kernels.memory;
    kernels.valueRange(map, this.elements, this.resultAddress);
    const [low, high] = new Float32Array(buffer, this.resultAddress, 2) as unknown as [number, number];
    const [sum, squares] = new Float64Array(buffer, this.resultAddress + 8, 2) as unknown as [number, number];
    if (!Number.isFinite(sum))
      throw badInput('calibrate/not-finite', 'the float network computes NaN or infinity', {
        where: this.tensor.name,
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
    const { kernels } = this.state;
    const { name } = this.tensor;
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

/**
 * Weights of the whole network → integers, by one of three reconstructions:
 * `none`        each layer rounded on the float network's inputs, its mean error put into the bias;
 * `local`       the same, refitted to the float inputs as they will be stored;
 * `sequential`  layer by layer, refitted to the inputs that the quantised layers before really give.
 */
import {
  type FloatNetwork,
  type FloatRunner,
  type FloatSample,
  isWeighted,
  type WeightedFloatLayer,
} from '../ir/float-network.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { createRandom } from '../support/random.js';
import type { StoredMap } from './activation-grids.js';
import { inputGeometry, samplePositions } from './layer-inputs.js';
import { type CrossProduct, MomentCollector, type Moments } from './moments.js';
import { Propagation } from './propagate.js';
import { type QuantizedWeights, quantizeLayer } from './quantize-layer.js';
import type { CompensationEffort } from './round-weights.js';
import { channelView } from './weight-channels.js';

export type Reconstruction =
  | { readonly kind: 'none' }
  | { readonly kind: 'local'; readonly ridge: number }
  | { readonly kind: 'sequential'; readonly ridge: number };

/** What the stage is handed, as it may not import the float engine. */
export interface FloatEngine {
  createRunner(network: FloatNetwork): FloatRunner;
  readonly crossProduct: CrossProduct;
}

export interface WeightOptions {
  readonly reconstruction: Reconstruction;
  /** Widest weights that are rounded with error compensation. */
  readonly compensateUpTo: Width;
  /** Output positions per sample and layer that moments are taken from. */
  readonly positionsPerSample: number;
  readonly seed: number;
  readonly effort: CompensationEffort;
  readonly onLayer?: (name: string) => void;
}

export const weightBits = (layer: WeightedFloatLayer, assignment: BitAssignment): Width =>
  Object.hasOwn(assignment.weights, layer.name)
    ? assignment.weights[layer.name]!
    : assignment.defaultWeightBits;

/** Wider than this a covariance is not worth its memory: such layers are rounded to the nearest. */
const MAX_COVARIANCE_WIDTH = 4096;
/** Depthwise filters have few inputs and so need few positions. */
const DEPTHWISE_POSITIONS = 32;

/** One entry per layer; undefined for layers without weights. */
export function quantizeWeights(
  network: FloatNetwork,
  stored: readonly StoredMap[],
  assignment: BitAssignment,
  samples: readonly FloatSample[],
  engine: FloatEngine,
  options: WeightOptions,
): (QuantizedWeights | undefined)[] {
  const job: Job = { network, stored, assignment, samples, engine, options };
  return options.reconstruction.kind === 'sequential' ? sequential(job) : singlePass(job);
}

interface Job {
  readonly network: FloatNetwork;
  readonly stored: readonly StoredMap[];
  readonly assignment: BitAssignment;
  readonly samples: readonly FloatSample[];
  readonly engine: FloatEngine;
  readonly options: WeightOptions;
}

function collectorFor(job: Job, layer: WeightedFloatLayer): MomentCollector {
  const { width } = inputGeometry(job.network, layer);
  const fits = width <= MAX_COVARIANCE_WIDTH;
  const refits = job.options.reconstruction.kind !== 'none';
  const compensates = weightBits(layer, job.assignment) <= job.options.compensateUpTo;
  const wanted = fits && refits ? 'xy' : fits && compensates ? 'x' : 'mean';
  return new MomentCollector(job.network, layer, wanted, job.engine.crossProduct);
}

function positionsFor(job: Job, layerIndex: number, layer: WeightedFloatLayer, sample: number): Int32Array {
  const { positions, groups } = inputGeometry(job.network, layer);
  const limit = groups === 1 ? job.options.positionsPerSample : DEPTHWISE_POSITIONS;
  const seed = job.options.seed + 7919 * sample + layerIndex;
  return samplePositions(positions, limit, createRandom(seed));
}

function finishLayer(job: Job, layer: WeightedFloatLayer, moments: readonly Moments[]): QuantizedWeights {
  const { reconstruction, effort, compensateUpTo } = job.options;
  const bits = weightBits(layer, job.assignment);
  job.options.onLayer?.(layer.name);
  const { grid } = job.stored[layer.inputs[0]!]!;
  const factors = grid.channelScales;
  return quantizeLayer(layer, moments, {
    bits,
    inputScale: grid.scale,
    ...(factors === undefined ? {} : { columnFactors: columnFactors(layer, factors) }),
    compensate: bits <= compensateUpTo,
    ...(reconstruction.kind === 'none' ? {} : { refit: { ridge: reconstruction.ridge } }),
    effort,
  });
}

function singlePass(job: Job): (QuantizedWeights | undefined)[] {
  const { network, stored, samples, engine, options } = job;
  const runner = engine.createRunner(network);
  const collectors = network.layers.map((layer) =>
    isWeighted(layer) ? collectorFor(job, layer) : undefined,
  );
  const local = options.reconstruction.kind === 'local';
  samples.forEach((sample, s) => {
    runner.run(sample);
    network.layers.forEach((layer, i) => {
      if (!isWeighted(layer)) return;
      const map = runner.map(layer.inputs[0]!);
      const positions = positionsFor(job, i, layer, s);
      if (local) collectors[i]!.add(roundMap(map, stored[layer.inputs[0]!]!), positions, map);
      else collectors[i]!.add(map, positions);
    });
  });
  return network.layers.map((layer, i) =>
    isWeighted(layer) ? finishLayer(job, layer, collectors[i]!.finish()) : undefined,
  );
}

function roundMap(map: Float32Array, { grid }: StoredMap): Float32Array {
  const { zeroPoint, min, max, channelScales } = grid;
  const [low, high] = [min - zeroPoint, max - zeroPoint];
  return map.map((x, i) => {
    const scale = grid.scale * (channelScales?.[i % channelScales.length] ?? 1);
    return scale * Math.min(high, Math.max(low, Math.round(x / scale)));
  });
}

/** Factors in the order of a channel's weights: gathered columns run over input channels fastest. */
function columnFactors(
  layer: WeightedFloatLayer,
  factors: readonly number[],
): (group: number) => Float64Array {
  const width = layer.weights.length / layer.bias.length;
  if (layer.op === 'depthwise_conv2d') return (group) => new Float64Array(width).fill(factors[group]!);
  const columns = Float64Array.from({ length: width }, (_, k) => factors[k % factors.length]!);
  return () => columns;
}

function sequential(job: Job): (QuantizedWeights | undefined)[] {
  const { network, stored, samples, engine } = job;
  const float = engine.createRunner(network);
  const quantized = engine.createRunner(network);
  for (const { id } of network.tensors) quantized.setFakeQuantization(id, stored[id]!.grid);
  const propagation = new Propagation(network, float, quantized, stored, samples);
  return network.layers.map((layer, i) => {
    let result: QuantizedWeights | undefined;
    if (isWeighted(layer)) {
      const collector = collectorFor(job, layer);
      const [input] = layer.inputs;
      samples.forEach((_, s) => {
        const positions = positionsFor(job, i, layer, s);
        collector.add(propagation.quantizedMap(input!, s), positions, propagation.floatMap(input!, s));
      });
      result = finishLayer(job, layer, collector.finish());
      quantized.setWeights(i, realWeights(layer, result, stored[input!]!.grid.channelScales));
    }
    propagation.advance(i);
    return result;
  });
}

/** The values that stored weights stand for; `factors` are the channel scales of the layer's input. */
export function realWeights(
  layer: WeightedFloatLayer,
  { q, scales, bias }: QuantizedWeights,
  factors?: readonly number[],
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const view = channelView(layer);
  const columns = factors === undefined ? undefined : columnFactors(layer, factors);
  const weights = new Float32Array(q.length);
  for (let c = 0; c < view.channels; c++) {
    const own = columns?.(view.group(c));
    for (let k = 0; k < view.width; k++) {
      const at = view.index(c, k);
      weights[at] = (q[at]! * scales[c]!) / (own?.[k] ?? 1);
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}

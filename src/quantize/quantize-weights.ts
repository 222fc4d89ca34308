/**
 * Weights of the whole network → integers, by one of two reconstructions:
 * `none`        each layer rounded on the float network's inputs, its mean error put into the bias;
 * `sequential`  layer by layer, refitted to the inputs that the quantised layers before really give.
 */
import {
  type FloatNetwork,
  type FloatRunner,
  type FloatSample,
  isWeighted,
  type WeightedFloatLayer,
} from '../ir/float-network.js';
import type { MatrixKernels } from '../ir/matrix-kernels.js';
import type { RoundingKernels } from '../ir/rounding-kernels.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { createRandom } from '../support/random.js';
import { mapQuantization, type StoredMap } from './activation-grids.js';
import { inputGeometry, samplePositions } from './layer-inputs.js';
import { MomentCollector } from './moments.js';
import { walkPlans } from './plan-tree.js';
import { Propagation } from './propagate.js';
import { type GroupTarget, type QuantizedWeights, quantizeLayer } from './quantize-layer.js';
import { refitLayer } from './refit-layer.js';
import { channelView, columnFactors, scaledChannel } from './weight-channels.js';

export type Reconstruction = { readonly kind: 'none' } | { readonly kind: 'sequential' };

/** What the stage is handed, as it may not import the float engine. */
export interface FloatEngine {
  createRunner(network: FloatNetwork): FloatRunner;
  readonly matrices: MatrixKernels;
  readonly rounding: RoundingKernels;
}

export interface WeightOptions {
  readonly reconstruction: Reconstruction;
  /** Widest weights that are rounded with error compensation. */
  readonly compensateUpTo: Width | 0;
  readonly seed: number;
  readonly onLayer?: (name: string) => void;
}

export interface WeightJob {
  readonly network: FloatNetwork;
  readonly stored: readonly StoredMap[];
  readonly assignment: BitAssignment;
  readonly samples: readonly FloatSample[];
  readonly engine: FloatEngine;
  readonly options: WeightOptions;
}

export const weightBits = (layer: WeightedFloatLayer, assignment: BitAssignment): Width =>
  Object.hasOwn(assignment.weights, layer.name)
    ? assignment.weights[layer.name]!
    : assignment.defaultWeightBits;

/** Wider than this a covariance is not worth its memory: such layers are rounded to the nearest. */
export const MAX_COVARIANCE_WIDTH = 4096;

/**
 * By job one entry per layer, undefined for layers without weights. Jobs differ in `stored` and `assignment` alone; what
 * they have in common is done once where weights are refitted layer by layer.
 */
export const quantizePlans = (
  jobs: readonly WeightJob[],
): readonly (readonly (QuantizedWeights | undefined)[])[] =>
  jobs[0]?.options.reconstruction.kind === 'sequential' ? sequential(jobs) : jobs.map(singlePass);

/** Rows that moments and fits are taken from: many per column, yet bounded. */
const rowsWanted = (width: number, groups: number): number =>
  groups > 1 ? 2048 : Math.min(16384, Math.max(4096, 20 * width));

/** The same positions whichever method asks. */
export function positionsFor(
  job: WeightJob,
  layerIndex: number,
  layer: WeightedFloatLayer,
  sample: number,
): Int32Array {
  const { positions, width, groups } = inputGeometry(job.network, layer);
  const count = Math.ceil(rowsWanted(width, groups) / job.samples.length);
  const seed = job.options.seed + 7919 * sample + layerIndex;
  return samplePositions(positions, count, createRandom(seed));
}

function finishLayer(
  job: WeightJob,
  layer: WeightedFloatLayer,
  groups: readonly GroupTarget[],
): QuantizedWeights {
  const bits = weightBits(layer, job.assignment);
  job.options.onLayer?.(layer.name);
  return quantizeLayer(layer, groups, {
    bits,
    inputScale: job.stored[layer.inputs[0]!]!.grid.scale,
    compensate: bits <= job.options.compensateUpTo,
    matrices: job.engine.matrices,
    rounding: job.engine.rounding,
  });
}

function collectorFor(job: WeightJob, layer: WeightedFloatLayer): MomentCollector {
  const { width } = inputGeometry(job.network, layer);
  const compensates = weightBits(layer, job.assignment) <= job.options.compensateUpTo;
  const wanted = compensates && width <= MAX_COVARIANCE_WIDTH ? 'covariance' : 'mean';
  return new MomentCollector(job.network, layer, wanted, job.engine.matrices);
}

function singlePass(job: WeightJob): (QuantizedWeights | undefined)[] {
  const { network, samples, engine } = job;
  const runner = engine.createRunner(network);
  const collectors = network.layers.map((layer) =>
    isWeighted(layer) ? collectorFor(job, layer) : undefined,
  );
  samples.forEach((sample, s) => {
    runner.run(sample);
    network.layers.forEach((layer, i) => {
      if (isWeighted(layer)) collectors[i]!.add(runner.map(layer.inputs[0]!), positionsFor(job, i, layer, s));
    });
  });
  return network.layers.map((layer, i) =>
    isWeighted(layer) ? finishLayer(job, layer, momentTargets(job, layer, collectors[i]!)) : undefined,
  );
}

/** The layer's own weights, in units of the stored inputs. */
function momentTargets(job: WeightJob, layer: WeightedFloatLayer, collector: MomentCollector): GroupTarget[] {
  const factors = job.stored[layer.inputs[0]!]!.grid.channelScales;
  const view = channelView(layer);
  return collector.finish().map(({ mean, covariance, rows }, group): GroupTarget => {
    const own = columnFactors(layer, factors, group);
    const channel = (c: number) => ({
      weights: scaledChannel(view, layer.weights, c, own),
      bias: layer.bias[c]!,
    });
    if (own === undefined) return { mean, covariance, rows, channel };
    return {
      rows,
      mean: mean.map((x, k) => x / own[k]!),
      covariance: divideRowsAndColumns(covariance, own),
      channel,
    };
  });
}

function divideRowsAndColumns(matrix: Float64Array, factors: Float64Array): Float64Array {
  const n = factors.length;
  const out = new Float64Array(matrix.length);
  // A matrix that is not wanted is empty.
  for (let at = 0; at < matrix.length; at += n)
    for (let j = 0; j < n; j++) out[at + j] = matrix[at + j]! / (factors[at / n]! * factors[j]!);
  return out;
}

/**
 * The network's inputs, then its layers, over all plans. A plan is told from another by how maps are stored and how wide
 * weights are.
 */
function sequential(jobs: readonly WeightJob[]): readonly (QuantizedWeights | undefined)[][] {
  const { network, samples, engine } = jobs[0]!;
  const float = engine.createRunner(network);
  const quantized = engine.createRunner(network);
  const inputs = network.inputs.map((port) => port.tensor);
  const use = ({ stored }: WeightJob, tensors: readonly number[]): void => {
    for (const id of tensors) quantized.setFakeQuantization(id, mapQuantization(stored[id]!));
  };
  const refitted = (job: WeightJob, i: number, propagation: Propagation): QuantizedWeights | undefined => {
    const layer = network.layers[i]!;
    // Maps before it have the same grids in all plans that share the state; a fork sets those of this and later layers,
    // and has ended by now.
    use(job, [layer.output]);
    if (!isWeighted(layer)) return undefined;
    const result = finishLayer(job, layer, refitLayer(job, i, layer, propagation));
    const factors = job.stored[layer.inputs[0]!]!.grid.channelScales;
    quantized.setWeights(i, realWeights(layer, result, factors));
    return result;
  };
  const results = walkPlans<Propagation, QuantizedWeights | undefined>({
    plans: jobs.length,
    layers: 1 + network.layers.length,
    keyOf: (plan, at) =>
      storageKey(jobs[plan]!, at === 0 ? inputs : [network.layers[at - 1]!.output], at - 1),
    start: () => new Propagation(network, float, quantized, samples),
    fork: (propagation) => propagation.fork(),
    step(propagation, plan, at) {
      if (at === 0) {
        use(jobs[plan]!, inputs);
        propagation.enter();
        return undefined;
      }
      const result = refitted(jobs[plan]!, at - 1, propagation);
      propagation.advance(at - 1);
      return result;
    },
  });
  return results.map((own) => own.slice(1));
}

function storageKey(
  { network, stored, assignment }: WeightJob,
  tensors: readonly number[],
  index: number,
): string {
  const layer = network.layers[index];
  const bits = layer !== undefined && isWeighted(layer) ? weightBits(layer, assignment) : undefined;
  return JSON.stringify([bits, tensors.map((id) => stored[id])]);
}

/** The values that stored weights stand for; `factors` are the channel scales of the layer's input. */
export function realWeights(
  layer: WeightedFloatLayer,
  { q, scales, bias }: QuantizedWeights,
  factors?: readonly number[],
): { readonly weights: Float32Array; readonly bias: Float32Array } {
  const view = channelView(layer);
  const weights = new Float32Array(q.length);
  for (let c = 0; c < view.channels; c++) {
    const own = columnFactors(layer, factors, view.group(c));
    for (let k = 0; k < view.width; k++) {
      const at = view.index(c, k);
      weights[at] = (q[at]! * scales[c]!) / (own?.[k] ?? 1);
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}

/**
 * Weights of many layers at several widths, each layer rounded on the float network's inputs: what `quantizePlans`
 * gives without reconstruction, width by width, but the moments of the inputs are taken once. Layers are independent,
 * so threads share them.
 */
import {
  type FloatNetwork,
  type FloatSample,
  isWeighted,
  type WeightedFloatLayer,
} from '../ir/float-network.js';
import { uniformAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { inputGeometry } from '../quantize/layer-inputs.js';
import { MomentCollector } from '../quantize/moments.js';
import { type GroupTarget, type QuantizedWeights, quantizeLayer } from '../quantize/quantize-layer.js';
import {
  type FloatEngine,
  MAX_COVARIANCE_WIDTH,
  positionsFor,
  type WeightJob,
} from '../quantize/quantize-weights.js';
import { channelView, scaledChannel } from '../quantize/weight-channels.js';
import { createFloatEngine } from './quantize-model.js';
import { createPool, shareOut, type Task } from './task-pool.js';

/** Widest weights that are rounded with error compensation, as the quantiser has it. */
const COMPENSATE_UP_TO: Width = 4;

export interface RoundingStart {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  /** By tensor the scale that the map is stored with at 8 bits; bounds how fine a layer's weights may be. */
  readonly inputScales: readonly number[];
  readonly widths: readonly Width[];
  readonly seed: number;
}

/** By layer asked for, by width of the start. */
export type RoundedLayers = readonly (readonly QuantizedWeights[])[];

/** A request names layers that have weights. */
export const roundTask: Task<RoundingStart, readonly number[], RoundedLayers> = {
  name: 'round weights',
  load: (start) => {
    const engine = createFloatEngine();
    return { run: (layers, report) => roundSome(start, engine, layers, report) };
  },
};

function roundSome(
  start: RoundingStart,
  engine: FloatEngine,
  indices: readonly number[],
  report: (done: number) => void,
): RoundedLayers {
  const { network, samples, widths, seed } = start;
  const job: WeightJob = {
    ...{ network, samples, engine, stored: [], assignment: uniformAssignment(8, 8) },
    options: { reconstruction: { kind: 'none' }, compensateUpTo: COMPENSATE_UP_TO, seed },
  };
  const layers = indices.map((index) => {
    const layer = network.layers[index]! as WeightedFloatLayer;
    const wanted = needsCovariance(start, layer) ? 'covariance' : 'mean';
    return { index, layer, moments: new MomentCollector(network, layer, wanted, engine.matrices) };
  });
  const runner = engine.createRunner(network);
  const to = Math.max(...indices) + 1;
  samples.forEach((sample, s) => {
    runner.run(sample, { to });
    for (const { index, layer, moments } of layers)
      moments.add(runner.map(layer.inputs[0]!), positionsFor(job, index, layer, s));
  });
  const { matrices, rounding } = engine;
  return layers.map(({ layer, moments }, done) => {
    report(done);
    const targets = plainTargets(layer, moments);
    const method = { inputScale: start.inputScales[layer.inputs[0]!]!, matrices, rounding };
    return widths.map((bits) =>
      quantizeLayer(layer, targets, { ...method, bits, compensate: bits <= COMPENSATE_UP_TO }),
    );
  });
}

const needsCovariance = ({ network, widths }: RoundingStart, layer: WeightedFloatLayer): boolean =>
  widths.some((bits) => bits <= COMPENSATE_UP_TO) &&
  inputGeometry(network, layer).width <= MAX_COVARIANCE_WIDTH;

/** The layer's own weights; inputs have no factors per channel here. */
function plainTargets(layer: WeightedFloatLayer, moments: MomentCollector): GroupTarget[] {
  const view = channelView(layer);
  const channel = (c: number) => ({
    weights: scaledChannel(view, layer.weights, c, undefined),
    bias: layer.bias[c]!,
  });
  return moments.finish().map(({ mean, covariance, rows }) => ({ mean, covariance, rows, channel }));
}

/** By width, one entry per layer; undefined for layers without weights. */
export async function roundLayers(
  start: RoundingStart,
  threads: number,
  onProgress?: (done: number, total: number) => void,
): Promise<ReadonlyMap<Width, readonly (QuantizedWeights | undefined)[]>> {
  const { network, widths } = start;
  const work = network.layers.flatMap((layer, index) =>
    isWeighted(layer) ? [{ index, size: workOf(start, layer) }] : [],
  );
  const shares = shareOut(work, threads);
  const done = shares.map(() => 0);
  const rounded = new Map<number, readonly QuantizedWeights[]>();
  const pool = await createPool(roundTask, start, shares.length);
  const runShare = async (share: readonly number[], at: number): Promise<void> => {
    const own = await pool.run(share, (some) => {
      done[at] = some;
      onProgress?.(
        done.reduce((a, b) => a + b, 0),
        work.length,
      );
    });
    share.forEach((layer, i) => {
      rounded.set(layer, own[i]!);
    });
  };
  try {
    await Promise.all(shares.map(runShare));
  } finally {
    await pool.close();
  }
  return new Map(widths.map((bits, i) => [bits, network.layers.map((_, layer) => rounded.get(layer)?.[i])]));
}

/** Passes over the covariance, once per channel and width, and its factor; in multiplications, roughly. */
function workOf(start: RoundingStart, layer: WeightedFloatLayer): number {
  const { width, groups } = inputGeometry(start.network, layer);
  const nearest = 60 * layer.weights.length * start.widths.length;
  if (!needsCovariance(start, layer)) return nearest;
  const compensated = start.widths.filter((bits) => bits <= COMPENSATE_UP_TO).length;
  return nearest + compensated * (8 * layer.weights.length * width + (groups * width ** 3) / 3);
}

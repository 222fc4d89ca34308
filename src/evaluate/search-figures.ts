/**
 * What the search knows of a network before it searches: which widths are free, and what each narrow width of a
 * feature map or of a layer's weights does to the scores (logit noise) and to the map's entropy. All of it comes from
 * calibration samples.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import { isWeighted } from '../ir/float-network.js';
import { type Ranges, type StageClasses, uniformAssignment } from '../ir/stage-data.js';
import { WIDTH_LIST, type Width } from '../numeric/widths.js';
import { floatElements } from '../ops/float-reference.js';
import {
  activationGrids,
  mapQuantization,
  narrowableGroups,
  type StoredMap,
} from '../quantize/activation-grids.js';
import type { ChannelSource } from '../quantize/channel-factors.js';
import type { ChannelSamples } from '../quantize/channel-samples.js';
import { DEFAULT_QUANTIZE_OPTIONS, sampleChannels } from '../quantize/quantize.js';
import type { QuantizedWeights } from '../quantize/quantize-layer.js';
import { type FloatEngine, realWeights } from '../quantize/quantize-weights.js';
import { distinctTensors } from '../quantize/tensor-groups.js';
import { estimateGrid, mergeHistograms } from '../quantize/value-grids.js';
import { mapEntropyLoss } from '../search/map-entropy.js';
import type { CandidateFigures } from '../search/problem.js';
import { type Cache, contentKey } from '../support/cache.js';
import { invariant } from '../support/errors.js';
import type { CalibratedModel } from './calibrate-model.js';
import { spreadSamples } from './evaluate.js';
import type { NoiseTrial } from './logit-noise.js';
import { measureNoise } from './measure-noise.js';
import { roundLayers } from './round-layers.js';
import { besideThreads } from './task-pool.js';

/** `fixed`: 8 bits. */
export type WeightScope = 'fixed' | 'auto';

export interface FigureOptions {
  readonly weights: WeightScope;
  /** Images on which noise is measured. */
  readonly noiseImages: number;
  readonly seed: number;
  readonly cache: Cache;
  /** Worker threads; the figures are the same with any number. Default 1, this thread. */
  readonly threads?: number;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

interface SiteBase {
  /** Tensor or layer, as a bit assignment calls it. */
  readonly name: string;
  readonly elements: number;
}
/** A width that may be chosen: of maps that are stored alike, or of one layer's weights. */
export type WidthSite =
  | (SiteBase & { readonly kind: 'activation'; readonly tensors: readonly number[] })
  | (SiteBase & { readonly kind: 'weights'; readonly layer: number });

/** One entry per layer; undefined for layers without weights. */
type LayerWeights = readonly (QuantizedWeights | undefined)[];

export interface NetworkFigures {
  readonly network: FloatNetwork;
  readonly ranges: Ranges;
  readonly sites: readonly WidthSite[];
  /** Per site, for 8, 4 and 2 bits. */
  readonly figures: readonly (readonly CandidateFigures[])[];
  /** Noise of the network with every width at 8 bits. */
  readonly baseNoise: number;
  readonly channels: ChannelSource;
  /** Every map at 8 bits. */
  readonly stored: readonly StoredMap[];
  /** Every free map at this width. */
  readonly storedAt: ReadonlyMap<Width, readonly StoredMap[]>;
  readonly weights: ReadonlyMap<Width, LayerWeights>;
  readonly engine: FloatEngine;
  /** Samples that noise is measured on, and those that weights are rounded on. */
  readonly judges: readonly FloatSample[];
  readonly fitted: readonly FloatSample[];
}

const METHOD = DEFAULT_QUANTIZE_OPTIONS.ranges;
/** Samples that weights are rounded on for measuring: the moments of so many images serve as well. */
const WEIGHT_SAMPLES = 32;
/** Pixels per map that channel factors are fitted to while searching. */
const CHANNEL_ROWS = 384;
const NARROW: readonly Width[] = WIDTH_LIST.slice(1);

/** `ranges` must have their key: it names the network and the data that cached figures belong to. */
export async function networkFigures(
  { network, ranges, samples }: CalibratedModel,
  engine: FloatEngine,
  options: FigureOptions,
): Promise<NetworkFigures> {
  const { cache, seed, threads = 1, onProgress } = options;
  const sites = widthSites(network, options.weights);
  const judges = spreadSamples(samples, options.noiseImages);
  const some = spreadSamples(othersThan(judges, samples), WEIGHT_SAMPLES);
  const { weights, channels, stored } = await everyWidth({ network, ranges, samples: some }, engine, options);
  const widest = stored.get(8)!;
  const trials = [
    ...sites.flatMap((site) =>
      NARROW.map((bits) => narrowTrial(network, site, stored.get(bits)!, weights.get(bits))),
    ),
    widestTrial(network, widest, weights.get(8)!),
  ];
  const shape = [
    sites.map(({ name }) => name),
    seed,
    'held out',
    WEIGHT_SAMPLES,
    CHANNEL_ROWS,
    samples.length,
  ];
  const noise = await measureNoise({
    ...{ network, trials, cache, threads },
    identity: contentKey([ranges.key, JSON.stringify(shape)]),
    samples: judges,
    onImage: (done, total) => onProgress?.('measuring noise', done, total),
  });
  const figures = sites.map((site, at): CandidateFigures[] => [
    { bits: 8, entropyLoss: 0, noise: 0 },
    ...NARROW.map((bits, i) => ({
      bits,
      entropyLoss: lossOf(network, ranges, site, bits),
      noise: noise[at * NARROW.length + i]!,
    })),
  ]);
  return {
    network,
    ranges,
    sites,
    figures,
    baseNoise: noise.at(-1)!,
    channels,
    stored: widest,
    storedAt: stored,
    weights,
    engine,
    judges,
    fitted: some,
  };
}

/** Weights and maps at the widths that may be chosen, by what `samples` show. */
async function everyWidth(
  { network, ranges, samples }: Pick<CalibratedModel, 'network' | 'ranges' | 'samples'>,
  engine: FloatEngine,
  options: FigureOptions,
) {
  const { seed, threads = 1, onProgress } = options;
  const gridsAt = (bits: Width, channels?: ChannelSource): readonly StoredMap[] =>
    activationGrids(network, ranges, uniformAssignment(bits, 8), {
      method: METHOD,
      ...(channels === undefined ? {} : { channels }),
    });
  // Factors per channel are for narrow maps.
  const widest = gridsAt(8);
  const widths = options.weights === 'auto' ? WIDTH_LIST : WIDTH_LIST.slice(0, 1);
  const inputScales = widest.map(({ grid }) => grid.scale);
  const rounding = { network, samples, inputScales, widths, seed };
  const rounded = roundLayers(rounding, threads, (done, total) =>
    onProgress?.('rounding weights', done, total),
  );
  const [weights, found] = await besideThreads(rounded, () => {
    onProgress?.('sampling channels');
    const channels = channelSource(network, engine, samples, seed);
    const narrow = NARROW.map((bits) => [bits, gridsAt(bits, channels)] as const);
    return { channels, stored: new Map([[8 as Width, widest], ...narrow]) };
  });
  return { weights, ...found };
}

/** Weights hide their errors from the images that they were rounded on: noise is measured on other ones. */
function othersThan(judges: readonly FloatSample[], samples: readonly FloatSample[]): readonly FloatSample[] {
  const others = samples.filter((sample) => !judges.includes(sample));
  return others.length > 0 ? others : samples;
}

export function widthSites(network: FloatNetwork, weights: WeightScope): WidthSite[] {
  const elements = (id: number): number => floatElements(network.tensors[id]!);
  const maps = narrowableGroups(network).map(
    (tensors): WidthSite => ({
      kind: 'activation',
      name: network.tensors[tensors[0]!]!.name,
      elements: Math.max(...tensors.map(elements)),
      tensors,
    }),
  );
  if (weights === 'fixed') return maps;
  const layers = network.layers.flatMap((layer, index): WidthSite[] =>
    isWeighted(layer)
      ? [{ kind: 'weights', name: layer.name, elements: layer.weights.length, layer: index }]
      : [],
  );
  return [...maps, ...layers];
}

/** Sampled channels of every map that may have factors: of all its pixels, and of those of every class of a stage. */
export const channelSource = (
  network: FloatNetwork,
  engine: FloatEngine,
  samples: readonly FloatSample[],
  seed: number,
  stage?: StageClasses,
): ChannelSource => sampleChannels(network, samples, engine, seed, stage, thinned);

/** Evenly spread rows, few enough that grids are found in no time: a search asks for hundreds. */
function thinned({ channels, rows, values }: ChannelSamples): ChannelSamples {
  const kept = Math.min(rows, CHANNEL_ROWS);
  const fewer = new Float32Array(kept * channels);
  for (let i = 0; i < kept; i++) {
    const from = Math.floor((i * rows) / kept) * channels;
    fewer.set(values.subarray(from, from + channels), i * channels);
  }
  return { channels, rows: kept, values: fewer };
}

/** One site narrow, the rest in float. */
function narrowTrial(
  network: FloatNetwork,
  site: WidthSite,
  stored: readonly StoredMap[],
  weights: LayerWeights | undefined,
): NoiseTrial {
  if (site.kind === 'activation')
    return { maps: new Map(site.tensors.map((id) => [id, mapQuantization(stored[id]!)])) };
  const layer = network.layers[site.layer]!;
  invariant(isWeighted(layer) && weights !== undefined, 'search/site', `${site.name} has no weights`);
  return { weights: new Map([[site.layer, realWeights(layer, weights[site.layer]!)]]) };
}

/** Everything but the network's inputs at 8 bits. */
function widestTrial(network: FloatNetwork, stored: readonly StoredMap[], weights: LayerWeights): NoiseTrial {
  const inputs = new Set(network.inputs.map((port) => port.tensor));
  return {
    maps: new Map(
      network.tensors.flatMap(({ id }) =>
        inputs.has(id) ? [] : [[id, mapQuantization(stored[id]!)] as const],
      ),
    ),
    weights: new Map(
      network.layers.flatMap((layer, i) =>
        isWeighted(layer) ? [[i, realWeights(layer, weights[i]!)] as const] : [],
      ),
    ),
  };
}

/** Ω of a map on one scale for the whole tensor, as the paper has it; weights have none. */
export function lossOf(network: FloatNetwork, ranges: Ranges, site: WidthSite, bits: Width): number {
  if (site.kind === 'weights') return 0;
  const members = distinctTensors(network, site.tensors).map((id) => ranges.tensors[id]!);
  const values = {
    min: Math.min(...members.map((range) => range.min)),
    max: Math.max(...members.map((range) => range.max)),
    histogram: mergeHistograms(members.map((range) => range.histogram)),
  };
  return mapEntropyLoss(values, estimateGrid(values, bits, METHOD));
}

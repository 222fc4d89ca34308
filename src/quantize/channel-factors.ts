/**
 * Gives the channels of narrow maps factors of their own. Factors are shared by all maps of a channel group and by
 * all classes of branches, as the weights that absorb them are; scales and zero points stay each site's own.
 *
 * No channel's grid may pass the bound of the activation that writes it, so that saturation does the bound's work;
 * whatever shares the factors is held down with it.
 */
import type { FakeQuantization, FloatNetwork } from '../ir/float-network.js';
import type { RoundingKernels } from '../ir/rounding-kernels.js';
import type { Width } from '../numeric/widths.js';
import type { StorageSite } from './activation-grids.js';
import { channelGroups } from './channel-groups.js';
import type { ChannelSamples } from './channel-samples.js';
import { channelwiseGrid, gridWithFactors, sharedFactors } from './channel-scales.js';
import { distinctTensors } from './tensor-groups.js';

/** What factors and grids per channel are made from. */
export interface ChannelSource {
  /** Sampled values of a tensor, of the branches of one class or of all its pixels. */
  readonly samplesOf: (tensor: number, ofClass?: number) => ChannelSamples;
  readonly rounding: RoundingKernels;
  /** What was found for one network is kept here: for whoever asks for many assignments. */
  readonly known?: Map<string, readonly FakeQuantization[] | undefined>;
}

/** Widths that gain from factors; at 8 bits a scale per tensor costs next to nothing. */
const WIDEST_WITH_FACTORS: Width = 4;

export function withChannelFactors(
  network: FloatNetwork,
  sites: readonly StorageSite[],
  source: ChannelSource,
): readonly StorageSite[] {
  const changed = new Map<StorageSite, StorageSite>();
  for (const group of channelGroups(network)) {
    const members = sites.filter((site) => site.group.some((id) => group.includes(id)));
    const grids = knownGrids(source, group, members, () => groupGrids(network, group, members, source));
    grids?.forEach((grid, i) => {
      const site = members[i]!;
      changed.set(site, { ...site, map: { bits: site.map.bits, grid } });
    });
  }
  return sites.map((site) => changed.get(site) ?? site);
}

/** One entry per member; undefined where none is narrow. */
type GroupGrids = readonly FakeQuantization[] | undefined;

/** Grids hang on the members and their widths alone. */
function knownGrids(
  { known }: ChannelSource,
  group: readonly number[],
  members: readonly StorageSite[],
  make: () => GroupGrids,
): GroupGrids {
  if (known === undefined) return make();
  const key = JSON.stringify([
    group[0],
    members.map(({ group: [id], ofClass, map }) => [id, ofClass, map.bits]),
  ]);
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

function groupGrids(
  network: FloatNetwork,
  group: readonly number[],
  members: readonly StorageSite[],
  { samplesOf, rounding }: ChannelSource,
): GroupGrids {
  const narrow = members
    .filter((site) => site.map.bits <= WIDEST_WITH_FACTORS)
    .flatMap((site) => group.filter((id) => site.group.includes(id)).map((id) => ({ id, site })))
    .sort((a, b) => a.id - b.id);
  if (narrow.length === 0) return undefined;
  const wanted = sharedFactors(
    narrow.map(
      ({ id, site }) => channelwiseGrid(samplesOf(id, site.ofClass), site.map.bits, rounding).scales,
    ),
  );
  const gridOf = ({ group: storage, ofClass, map }: StorageSite, factors: Float64Array): FakeQuantization => {
    const samples = distinctTensors(network, storage).map((id) => samplesOf(id, ofClass));
    return gridWithFactors(mergeSamples(samples), factors, map.bits, rounding);
  };
  const bounded = members
    .filter((site) => lowestCeiling(network, site.group) < Number.POSITIVE_INFINITY)
    .map((site): BoundedSite => {
      const samples = mergeSamples(
        distinctTensors(network, site.group).map((id) => samplesOf(id, site.ofClass)),
      );
      return { site, samples, grid: gridOf(site, wanted), ceiling: lowestCeiling(network, site.group) };
    });
  const { factors, grids } = withinCeilings(wanted, bounded);
  return members.map(
    (site) => grids.get(site) ?? { ...gridOf(site, factors), channelScales: Array.from(factors) },
  );
}

/** A site whose values an activation bounds, and the grid that suits it while factors are free. */
interface BoundedSite {
  readonly site: StorageSite;
  readonly samples: ChannelSamples;
  readonly grid: FakeQuantization;
  readonly ceiling: number;
}

interface BoundedFactors {
  readonly factors: Float64Array;
  readonly grids: ReadonlyMap<StorageSite, FakeQuantization>;
}

/** Limits tried between the lowest and the highest that sites ask for. */
const LIMITS = 7;

/**
 * No channel's grid passes an activation's bound, so that saturation does the bound's work: factors are limited. Classes
 * of branches would each have another limit, as narrow grids cut off more, but share the factors: taken is the limit of
 * least squared error over all of them, with every grid drawn in to what the bound leaves it.
 */
function withinCeilings(wanted: Float64Array, bounded: readonly BoundedSite[]): BoundedFactors {
  const limits = bounded.map(({ grid, ceiling }) => ceiling / topOf(grid));
  const [low, high] = [Math.min(...limits), Math.max(...limits)];
  const limited = (limit: number): BoundedFactors => {
    const factors = wanted.map((factor) => Math.min(factor, limit));
    const channelScales = Array.from(factors);
    const grids = bounded.map(({ site, grid, ceiling }): readonly [StorageSite, FakeQuantization] => {
      const most = ceiling / (limit * (grid.max - grid.zeroPoint));
      return [site, { ...grid, scale: Math.min(grid.scale, most), channelScales }];
    });
    return { factors, grids: new Map(grids) };
  };
  const hasClasses = bounded.some(({ site }) => site.ofClass !== undefined);
  if (!hasClasses || low === high) return limited(low);
  const errorOf = ({ grids }: BoundedFactors): number =>
    bounded.reduce((sum, { site, samples }) => sum + squaredError(samples, grids.get(site)!), 0);
  const tried = Array.from({ length: LIMITS }, (_, i) => limited(low * (high / low) ** (i / (LIMITS - 1))));
  return tried.reduce((best, next) => (errorOf(next) < errorOf(best) ? next : best));
}

function squaredError({ values, channels }: ChannelSamples, grid: FakeQuantization): number {
  const [low, high] = [grid.min - grid.zeroPoint, grid.max - grid.zeroPoint];
  const scales = grid.channelScales!.map((factor) => grid.scale * factor);
  let error = 0;
  for (let i = 0; i < values.length; i++) {
    const scale = scales[i % channels]!;
    const stored = scale * Math.min(high, Math.max(low, Math.round(values[i]! / scale)));
    error += (values[i]! - stored) ** 2;
  }
  return error;
}

function mergeSamples(parts: readonly ChannelSamples[]): ChannelSamples {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  const { channels } = parts[0]!;
  return { channels, rows: values.length / channels, values };
}

/** Upper bound of the activations that write these maps. */
const lowestCeiling = (network: FloatNetwork, tensors: readonly number[]): number =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...network.layers.map((layer) =>
      'bounds' in layer && tensors.includes(layer.output) ? layer.bounds.max : Number.POSITIVE_INFINITY,
    ),
  );

/** The largest value that a grid stores, for a channel of factor 1. */
const topOf = ({ scale, max, zeroPoint }: FakeQuantization): number => scale * (max - zeroPoint);

/**
 * Gives the channels of narrow maps factors of their own. Factors are shared by all maps of a channel group and by
 * all classes of branches, as the weights that absorb them are; scales and zero points stay each site's own.
 */
import type { FakeQuantization, FloatNetwork } from '../ir/float-network.js';
import type { Width } from '../numeric/widths.js';
import type { StorageSite } from './activation-grids.js';
import { channelGroups } from './channel-groups.js';
import type { ChannelSamples } from './channel-samples.js';
import { channelwiseGrid, gridWithFactors, sharedFactors } from './channel-scales.js';
import { distinctTensors } from './tensor-groups.js';

/** Sampled values of a tensor, of the branches of one class or of all its pixels. */
export type ChannelSource = (tensor: number, ofClass: number | undefined) => ChannelSamples;

/** Widths that gain from factors; at 8 bits a scale per tensor costs next to nothing. */
const WIDEST_WITH_FACTORS: Width = 4;

export function withChannelFactors(
  network: FloatNetwork,
  sites: readonly StorageSite[],
  channels: ChannelSource,
): readonly StorageSite[] {
  const changed = new Map<StorageSite, StorageSite>();
  for (const group of channelGroups(network)) {
    const members = sites.filter((site) => site.group.some((id) => group.includes(id)));
    const narrow = members
      .filter((site) => site.map.bits <= WIDEST_WITH_FACTORS)
      .flatMap((site) => group.filter((id) => site.group.includes(id)).map((id) => ({ id, site })))
      .sort((a, b) => a.id - b.id);
    if (narrow.length === 0) continue;
    const factors = sharedFactors(
      narrow.map(({ id, site }) => channelwiseGrid(channels(id, site.ofClass), site.map.bits).scales),
    );
    for (const storage of new Set(members.map((site) => site.group))) {
      const own = members.filter((site) => site.group === storage);
      const grids = own.map((site) => {
        const samples = distinctTensors(network, storage).map((id) => channels(id, site.ofClass));
        return gridWithFactors(mergeSamples(samples), factors, site.map.bits);
      });
      const limited = underCeiling(grids, lowestCeiling(network, storage));
      own.forEach((site, i) => {
        changed.set(site, { ...site, map: { bits: site.map.bits, grid: limited[i]! } });
      });
    }
  }
  return sites.map((site) => changed.get(site) ?? site);
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

/** No channel's grid passes the activation's bound, so that saturation does the bound's work. */
function underCeiling(grids: readonly FakeQuantization[], ceiling: number): readonly FakeQuantization[] {
  if (ceiling === Number.POSITIVE_INFINITY) return grids;
  const top = Math.max(...grids.map((grid) => grid.scale * (grid.max - grid.zeroPoint)));
  const channelScales = grids[0]!.channelScales!.map((factor) => Math.min(factor, ceiling / top));
  return grids.map((grid) => ({ ...grid, channelScales }));
}

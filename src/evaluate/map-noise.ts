/**
 * Logit noise of every feature map, and in a patch stage of every class's part of it, at every width: the figures
 * that the width search adds up.
 */
import type { FloatNetwork, FloatSample, MapQuantization } from '../ir/float-network.js';
import { type Ranges, type StageClasses, uniformAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  sampleChannels,
  storeMaps,
} from '../quantize/quantize.js';
import type { FloatEngine } from '../quantize/quantize-weights.js';
import { logitNoise, type NoiseTrial } from './logit-noise.js';

export interface MapNoise {
  /** Maps that share one width and scale (src/quantize/tensor-groups.ts). */
  readonly group: readonly number[];
  /** Class of branches; undefined outside the stage and for what all classes share. */
  readonly ofClass: number | undefined;
  readonly bits: Width;
  /** Noise-to-signal ratio of the scores when only this is stored at `bits`. */
  readonly noise: number;
}

export interface MapNoiseRequest {
  readonly network: FloatNetwork;
  readonly ranges: Ranges;
  /** Calibration samples: what grids are fitted to. */
  readonly samples: readonly FloatSample[];
  /** Those that the noise is measured on. */
  readonly measured: readonly FloatSample[];
  readonly groups: readonly (readonly number[])[];
  readonly widths: readonly Width[];
  /** Its classes' widths do not matter. */
  readonly stage?: StageClasses;
}

/**
 * Group by group, class by class, in the order of `widths`. Inside a stage a class's part of a map is what its
 * branches own: pixels that they compute for their halos, but another class owns, count with that class.
 */
export function mapNoise(
  { network, ranges, samples, measured, groups, widths, stage }: MapNoiseRequest,
  engine: FloatEngine,
  options: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
): MapNoise[] {
  const channels =
    options.channels ??
    (options.channelScales ? sampleChannels(network, samples, engine, options.seed, stage) : undefined);
  const how = channels === undefined ? options : { ...options, channels };
  const rows: Omit<MapNoise, 'noise'>[] = [];
  const trials: NoiseTrial[] = [];
  const stored = widths.map((bits) =>
    storeMaps(network, ranges, uniformAssignment(bits, 8), samples, engine, how, uniformStage(stage, bits)),
  );
  for (const group of groups) {
    const classes = stored[0]?.[group[0]!]?.byClass?.map((_, index) => index) ?? [undefined];
    for (const ofClass of classes)
      widths.forEach((bits, at) => {
        rows.push({ group, ofClass, bits });
        trials.push({ maps: new Map(group.map((id) => [id, roundingOf(id, stored[at]!, stage, ofClass)])) });
      });
  }
  const noise = logitNoise(network, measured, trials);
  return rows.map((row, i) => ({ ...row, noise: noise[i]! }));
}

const uniformStage = (stage: StageClasses | undefined, bits: Width): StageClasses | undefined =>
  stage && {
    ...stage,
    classes: stage.classes.map((own) => ({ ...own, activations: {}, defaultActivationBits: bits })),
  };

function roundingOf(
  id: number,
  stored: ReturnType<typeof storeMaps>,
  stage: StageClasses | undefined,
  ofClass: number | undefined,
): MapQuantization {
  const map = stored[id]!;
  if (ofClass === undefined) return map.grid;
  const { grid } = map.byClass![ofClass]!;
  return stage!.classes[ofClass]!.owned.get(id)!.map((region) => ({ region, grid }));
}

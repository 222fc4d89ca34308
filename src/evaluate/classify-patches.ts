/**
 * VDPC end to end: which patch positions keep 8 bits, by a rule over calibration samples. Joins the float engine,
 * the stage's geometry and the rules of src/classify.
 */
import { createFloatRunner } from '../calibrate/run-float.js';
import {
  type ClassificationRule,
  classifyByActivity,
  classifyByNoise,
  classifyByOutliers,
  findOutlierPatches,
  type ImagePatches,
  type OutlierPatches,
  type PatchClasses,
} from '../classify/classify.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import { type Ranges, uniformAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import type { StageLayout } from '../patch/layout.js';
import { DEFAULT_QUANTIZE_OPTIONS, type QuantizeOptions, storeMaps } from '../quantize/quantize.js';
import type { FloatEngine } from '../quantize/quantize-weights.js';
import { spreadSamples } from './evaluate.js';
import { logitNoise, type NoiseTrial } from './logit-noise.js';

/** Which tensor `outlier` and `activity` look at: each branch's input patch, or what its first layer makes of it. */
export const VDPC_TENSORS = ['input', 'first'] as const;
export type VdpcTensor = (typeof VDPC_TENSORS)[number];

export interface ClassifyOptions {
  readonly rule: ClassificationRule;
  readonly at: VdpcTensor;
  /** `outlier`: share of calibration patches to flag, which fixes φ; other rules: share of positions to protect. */
  readonly flaggedShare: number;
  /** `outlier`: a patch is an outlier patch when more than this share of its values are outliers. */
  readonly tau: number;
  /** `outlier`: a position is protected when more than this share of the samples has an outlier patch there. */
  readonly imageShare: number;
  /** `noise`: width that is tried, and number of samples. */
  readonly noiseBits: Width;
  readonly noiseSamples: number;
}

export const DEFAULT_CLASSIFY_OPTIONS: ClassifyOptions = {
  rule: 'noise',
  at: 'first',
  flaggedShare: 0.5,
  tau: 0.01,
  imageShare: 0.5,
  noiseBits: 4,
  noiseSamples: 8,
};

/** What a classification starts from. */
export interface CalibratedStage {
  readonly network: FloatNetwork;
  readonly ranges: Ranges;
  readonly samples: readonly FloatSample[];
  readonly layout: StageLayout;
}

/** Errors: `classify/no-split` where a rule protects all positions or none. */
export function classifyPatches(
  stage: CalibratedStage,
  engine: FloatEngine,
  options: ClassifyOptions = DEFAULT_CLASSIFY_OPTIONS,
  quantizing: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
): PatchClasses {
  const { layout, ranges } = stage;
  const { flaggedShare, tau, imageShare } = options;
  const tested = testedTensor(stage, options.at);
  switch (options.rule) {
    case 'noise':
      return classifyByNoise(positionNoise(stage, engine, options, quantizing), layout, flaggedShare);
    case 'activity':
      return classifyByActivity(imagePatches(stage, tested), layout, flaggedShare);
    case 'outlier': {
      const fit = ranges.tensors[tested]!;
      return classifyByOutliers(imagePatches(stage, tested), layout, { fit, tau, flaggedShare, imageShare });
    }
  }
}

/** The outlier rule's threshold on the input and how often each position exceeds it: what run-time classification asks. */
export function inputOutliers(
  stage: CalibratedStage,
  { tau, flaggedShare }: Pick<ClassifyOptions, 'tau' | 'flaggedShare'>,
): OutlierPatches {
  const { input } = stage.layout.cut;
  const fit = stage.ranges.tensors[input]!;
  return findOutlierPatches(imagePatches(stage, input), stage.layout, { fit, tau, flaggedShare });
}

/** Class index by branch: protected branches are class 0, the others class 1. */
export const classIndices = ({ classes }: Pick<PatchClasses, 'classes'>): number[] =>
  classes.map((name) => (name === 'protected' ? 0 : 1));

const testedTensor = ({ network, layout }: CalibratedStage, at: VdpcTensor): number =>
  at === 'input' ? layout.cut.input : network.layers[0]!.output;

/** The values of every branch's patch of a tensor, halo included, sample by sample. */
function* imagePatches(
  { network, samples, layout }: CalibratedStage,
  tensor: number,
): Generator<ImagePatches> {
  const runner = createFloatRunner(network);
  const layers = tensor === layout.cut.input ? 0 : 1;
  const { shape } = network.tensors[tensor]!;
  for (const sample of samples) {
    runner.run(sample, { from: 0, to: layers });
    const map = runner.map(tensor);
    yield layout.branches.map(({ regions }) => regionValues(map, shape, regions.get(tensor)!));
  }
}

function regionValues(map: Float32Array, [, width, channels]: readonly number[], r: Region): Float32Array {
  const row = (r.x1 - r.x0) * channels!;
  const values = new Float32Array((r.y1 - r.y0) * row);
  for (let y = r.y0; y < r.y1; y++) {
    const from = (y * width! + r.x0) * channels!;
    values.set(map.subarray(from, from + row), (y - r.y0) * row);
  }
  return values;
}

/**
 * By branch the logit noise of storing all its maps inside the stage in fewer bits while the rest stays in full
 * precision. A branch is the part of every map that it owns: halos count with the neighbour that owns them.
 */
export function positionNoise(
  { network, ranges, samples, layout }: CalibratedStage,
  engine: FloatEngine,
  { noiseBits, noiseSamples }: Pick<ClassifyOptions, 'noiseBits' | 'noiseSamples'>,
  quantizing: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
): number[] {
  const stored = storeMaps(network, ranges, uniformAssignment(noiseBits, 8), samples, engine, quantizing);
  const inside = network.layers
    .slice(0, layout.cut.steps)
    .map((layer) => layer.output)
    .filter((id) => id !== layout.cut.output);
  const trials = layout.owned.map((owned): NoiseTrial => {
    const regional = (id: number) => [{ region: owned.get(id)!, grid: stored[id]!.grid }];
    return { maps: new Map(inside.map((id) => [id, regional(id)])) };
  });
  return [...logitNoise(network, spreadSamples(samples, noiseSamples), trials)];
}

/**
 * Branches of two classes in a search: which patch positions of the stage keep 8 bits (VDPC), and what the other
 * branches' maps lose by every narrow width. What the search says of a map of the stage is then said of these alone.
 */
import { calibrateRegions } from '../calibrate/calibrate-regions.js';
import type { PatchClasses } from '../classify/classify.js';
import type { MapQuantization } from '../ir/float-network.js';
import {
  type BitAssignment,
  type Ranges,
  type StageClasses,
  type TensorRange,
  uniformAssignment,
} from '../ir/stage-data.js';
import { WIDTH_LIST, type Width } from '../numeric/widths.js';
import { type StageCut, stageCuts } from '../patch/branches.js';
import { layOutStage, type StageLayout } from '../patch/layout.js';
import {
  activationGrids,
  classGroups,
  narrowableGroups,
  type StoredMap,
} from '../quantize/activation-grids.js';
import { DEFAULT_QUANTIZE_OPTIONS } from '../quantize/quantize.js';
import type { CandidateFigures } from '../search/problem.js';
import { contentKey } from '../support/cache.js';
import type { CalibratedModel } from './calibrate-model.js';
import {
  type ClassifyOptions,
  classIndices,
  classifyPatches,
  DEFAULT_CLASSIFY_OPTIONS,
} from './classify-patches.js';
import type { NoiseTrial } from './logit-noise.js';
import { measureNoise } from './measure-noise.js';
import type { AccuracyPredictor } from './predict-accuracy.js';
import { observedRegions, type StagedRequest, stageClasses } from './quantize-staged.js';
import {
  channelSource,
  type FigureOptions,
  lossOf,
  type NetworkFigures,
  type WidthSite,
} from './search-figures.js';
import type { Skeleton, StageChoice, StagedSkeleton } from './search-skeleton.js';

/** As `classify` takes them; what is left out has its default there. */
export type SearchClasses = Partial<ClassifyOptions>;

export type PatchChoice = Extract<StageChoice, { readonly kind: 'patches' }>;

export interface ClassedStage {
  readonly found: PatchClasses;
  readonly layout: StageLayout;
  /** By branch, row by row: 0 is protected, 1 not. */
  readonly classOf: readonly number[];
  /** Tensors of the network that each class stores in its own way; others are stored alike by all branches. */
  readonly maps: ReadonlySet<number>;
  readonly branchRanges: readonly ReadonlyMap<number, TensorRange>[];
  /** Names stage and classes. */
  readonly key: string;
}

/** The index of the branches whose widths are searched. */
const PLAIN = 1;
const NARROW: readonly Width[] = WIDTH_LIST.slice(1);

export const stageCut = ({ plan }: Skeleton, stageLayers: number): StageCut =>
  stageCuts(plan).find(({ steps }) => steps === stageLayers)!;

/** Tensors of free width that nothing outside the stage sees: each class of branches may store them in its own way. */
export const ownMaps = (
  network: CalibratedModel['network'],
  { steps, output }: StageCut,
): ReadonlySet<number> =>
  new Set(classGroups(network, narrowableGroups(network), { layers: steps, output }).flat());

/**
 * Classes come from the calibration samples, once: a search that goes on finds them in the cache.
 * Errors: `classify/no-split`.
 */
async function classifyStage(
  { network, ranges, samples }: CalibratedModel,
  { engine }: NetworkFigures,
  skeleton: Skeleton,
  choice: PatchChoice,
  classes: SearchClasses,
  { cache, onProgress }: Pick<FigureOptions, 'cache' | 'onProgress'>,
): Promise<ClassedStage> {
  const options = { ...DEFAULT_CLASSIFY_OPTIONS, ...classes };
  const cut = stageCut(skeleton, choice.stageLayers);
  const [rows, columns] = choice.grid;
  const layout = layOutStage(skeleton.plan, { cut, rows, columns, input: choice.input });
  const maps = ownMaps(network, cut);
  const shape = JSON.stringify([choice, options, samples.length]);
  onProgress?.('classifying patches');
  const found = await cache.json(contentKey(['patch classes 1', ranges.key, shape]), () =>
    classifyPatches({ network, ranges, samples, layout }, engine, options),
  );
  return {
    ...{ found, layout, classOf: classIndices(found), maps },
    branchRanges: calibrateRegions(network, samples, observedRegions(layout), cut.steps),
    key: JSON.stringify([choice, found.classes]),
  };
}

/** Branches that keep 8 bits. */
const protectedBranches = ({ classOf }: ClassedStage): ReadonlySet<number> =>
  new Set(classOf.flatMap((index, branch) => (index === PLAIN ? [] : [branch])));

/** Widths found for the maps of the stage are those of the branches that are not protected. */
export function stagedRequest(
  network: CalibratedModel['network'],
  { layout, classOf, maps, branchRanges }: ClassedStage,
  assignment: BitAssignment,
): StagedRequest {
  const names = new Set([...maps].map((id) => network.tensors[id]!.name));
  const activations = Object.fromEntries(
    Object.entries(assignment.activations).filter(([name]) => names.has(name)),
  );
  const classes = [
    { activations: {}, defaultActivationBits: 8 },
    { activations, defaultActivationBits: 8 },
  ] as const;
  return { layout, classOf, classes, branchRanges, assignment };
}

/** The stage as the quantiser sees it under an assignment. */
const classesUnder = (
  network: CalibratedModel['network'],
  classed: ClassedStage,
  assignment: BitAssignment,
): StageClasses => stageClasses(stagedRequest(network, classed, assignment));

/**
 * The figures with those of the classed maps taken from the branches that are not protected: noise of their part of
 * the map alone, entropy of the values that they compute.
 */
async function classedFigures(
  figures: NetworkFigures,
  classed: ClassedStage,
  { seed, cache, threads = 1, onProgress }: FigureOptions,
): Promise<NetworkFigures> {
  const { network, ranges, sites, engine, judges, fitted } = figures;
  const stageAt = (bits: Width): StageClasses =>
    classesUnder(network, classed, narrowed(network, classed, bits));
  const channels = channelSource(network, engine, fitted, seed, stageAt(8));
  const own = sites.flatMap((site, at) => (isClassed(site, classed) ? [{ site, at }] : []));
  const stored = NARROW.map((bits) => {
    const how = { method: DEFAULT_QUANTIZE_OPTIONS.ranges, channels, stage: stageAt(bits) };
    return activationGrids(network, ranges, uniformAssignment(bits, 8), how);
  });
  const { owned, ranges: values } = stageAt(8).classes[PLAIN]!;
  const trials = own.flatMap(({ site }) =>
    stored.map((maps): NoiseTrial => ({ maps: plainParts(site, maps, owned) })),
  );
  const shape = [classed.key, own.map(({ site }) => site.name), seed, judges.length, fitted.length];
  const noise = await measureNoise({
    ...{ network, trials, cache, threads, samples: judges },
    identity: contentKey(['classes', ranges.key, JSON.stringify(shape)]),
    onImage: (done, total) => onProgress?.('measuring noise of the patches', done, total),
  });
  const plainRanges = { ...ranges, tensors: ranges.tensors.map((range, id) => values.get(id) ?? range) };
  const rows = new Map(own.map(({ site, at }, i) => [at, rowOf(figures, plainRanges, site, noise, i)]));
  return { ...figures, channels, figures: figures.figures.map((row, at) => rows.get(at) ?? row) };
}

/** A search of one stage with classes: what stands in for that of the whole network. */
export interface ClassedSearch {
  readonly stage: ClassedStage;
  readonly figures: NetworkFigures;
  readonly skeleton: StagedSkeleton;
  readonly predictor: AccuracyPredictor;
}

export async function classedSearch(
  { model, figures: plain, predictor }: ClassedStart,
  skeleton: Skeleton,
  chosen: { readonly choice: PatchChoice; readonly skeleton: StagedSkeleton },
  classes: SearchClasses,
  options: FigureOptions,
): Promise<ClassedSearch> {
  const stage = await classifyStage(model, plain, skeleton, chosen.choice, classes, options);
  const figures = await classedFigures(plain, stage, options);
  return {
    ...{ stage, figures, skeleton: chosen.skeleton.keeping(protectedBranches(stage), stage.maps) },
    predictor: predictor.withClasses(figures, (bits) => classesUnder(model.network, stage, bits)),
  };
}

interface ClassedStart {
  readonly model: CalibratedModel;
  readonly figures: NetworkFigures;
  readonly predictor: AccuracyPredictor;
}

type ActivationSite = Extract<WidthSite, { readonly kind: 'activation' }>;

const isClassed = (site: WidthSite, { maps }: ClassedStage): site is ActivationSite =>
  site.kind === 'activation' && site.tensors.every((id) => maps.has(id));

/** All classed maps at one width. */
function narrowed(
  { tensors }: CalibratedModel['network'],
  { maps }: ClassedStage,
  bits: Width,
): BitAssignment {
  const activations = Object.fromEntries([...maps].map((id) => [tensors[id]!.name, bits]));
  return { ...uniformAssignment(8, 8), activations };
}

function plainParts(
  { tensors }: ActivationSite,
  stored: readonly StoredMap[],
  owned: StageClasses['classes'][number]['owned'],
): ReadonlyMap<number, MapQuantization> {
  return new Map(
    tensors.map((id) => {
      const { grid } = stored[id]!.byClass![PLAIN]!;
      return [id, owned.get(id)!.map((region) => ({ region, grid }))];
    }),
  );
}

function rowOf(
  { network }: NetworkFigures,
  ranges: Ranges,
  site: WidthSite,
  noise: readonly number[],
  at: number,
): CandidateFigures[] {
  return [
    { bits: 8, entropyLoss: 0, noise: 0 },
    ...NARROW.map((bits, i) => ({
      bits,
      entropyLoss: lossOf(network, ranges, site, bits),
      noise: noise[at * NARROW.length + i]!,
    })),
  ];
}

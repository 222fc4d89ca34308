/** Random networks with a patch stage whose branches have random classes and widths. */
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibrateRegions } from '../../src/calibrate/calibrate-regions.js';
import { createFloatEngine } from '../../src/evaluate/quantize-model.js';
import {
  type ClassWidths,
  observedRegions,
  quantizeChoice,
  quantizeStaged,
  type StagedResult,
} from '../../src/evaluate/quantize-staged.js';
import type { FloatNetwork, FloatSample } from '../../src/ir/float-network.js';
import { type Ranges, uniformAssignment } from '../../src/ir/stage-data.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { layOutStage, type StageLayout } from '../../src/patch/layout.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  quantizeNetwork,
} from '../../src/quantize/quantize.js';
import { createRandom, type Random } from '../../src/support/random.js';
import { randomFloatNetwork, randomFloatSamples } from './random-float-network.js';

const engine = createFloatEngine();
const SAMPLES = 6;

interface TrialStage {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly ranges: Ranges;
  readonly layout: StageLayout;
  readonly random: Random;
  readonly options: QuantizeOptions;
  /** Names of maps that a class may store at a width of its own. */
  readonly free: readonly string[];
}

export interface StagedTrial
  extends Pick<TrialStage, 'network' | 'samples' | 'layout' | 'random' | 'ranges'> {
  readonly result: StagedResult;
}

/** The stage of a seed, or undefined where its network has no such stage. */
async function trialStage(seed: number): Promise<TrialStage | undefined> {
  const random = createRandom(seed);
  const network = randomFloatNetwork(random);
  const samples = randomFloatSamples(network, random, SAMPLES);
  const ranges = await calibrate(network, samples);
  const kind = random.pick(['none', 'sequential'] as const);
  const options = { ...DEFAULT_QUANTIZE_OPTIONS, reconstruction: { kind } };
  const plain = { ...options, reconstruction: { kind: 'none' } } as const;
  const whole = quantizeNetwork(network, ranges, uniformAssignment(8, 8), samples, engine, plain).plan;
  const cuts = stageCuts(whole).filter((cut) => cut.steps > 1);
  if (cuts.length === 0) return undefined;
  const grid = {
    cut: random.pick(cuts),
    rows: random.integer(1, 3),
    columns: random.integer(1, 3),
    input: random.pick(['resident', 'streamed'] as const),
  };
  if (gridBranches(whole, grid.cut, grid.rows, grid.columns) === null) return undefined;
  // A max pooling ties the storage of its two maps: leave those to the default.
  const tied = new Set(
    network.layers.filter((l) => l.op === 'max_pool2d').flatMap((l) => [l.inputs[0]!, l.output]),
  );
  const free = network.layers
    .slice(0, grid.cut.steps)
    .filter((l) => l.op === 'conv2d' && l.output !== grid.cut.output && !tied.has(l.output))
    .map((l) => network.tensors[l.output]!.name);
  return { network, samples, ranges, layout: layOutStage(whole, grid), random, options, free };
}

const randomWidth = (random: Random): Width => random.pick(WIDTH_LIST);

const randomWidths = ({ free, random }: TrialStage): ClassWidths => ({
  activations: Object.fromEntries(free.map((name) => [name, randomWidth(random)])),
  defaultActivationBits: randomWidth(random),
});

function commonRequest({ network, samples, layout, random }: TrialStage) {
  return {
    layout,
    branchRanges: calibrateRegions(network, samples, observedRegions(layout), layout.cut.steps),
    assignment: uniformAssignment(randomWidth(random), randomWidth(random)),
  };
}

/** Branches of up to three random classes. */
export async function stagedTrial(
  seed: number,
): Promise<(StagedTrial & { readonly classOf: readonly number[] }) | undefined> {
  const stage = await trialStage(seed);
  if (stage === undefined) return undefined;
  const { network, ranges, samples, layout, random, options } = stage;
  const count = random.integer(1, Math.min(3, layout.branches.length));
  const classOf = layout.branches.map((_, i) => (i < count ? i : random.integer(0, count - 1)));
  const classes = Array.from({ length: count }, () => randomWidths(stage));
  const request = { ...commonRequest(stage), classOf, classes };
  return { ...stage, classOf, result: quantizeStaged(network, ranges, samples, request, engine, options) };
}

/** Branches in two alternatives of random widths; the threshold flags about half of them. */
export async function choiceTrial(
  seed: number,
): Promise<(StagedTrial & { readonly outliers: { readonly z: number; readonly tau: number } }) | undefined> {
  const stage = await trialStage(seed);
  if (stage === undefined) return undefined;
  const { network, ranges, samples, random, options } = stage;
  const outliers = { z: 1 + random.next(), tau: 0.05 + 0.2 * random.next() };
  const classes = [randomWidths(stage), randomWidths(stage)] as const;
  const request = { ...commonRequest(stage), classes, outliers };
  return { ...stage, outliers, result: quantizeChoice(network, ranges, samples, request, engine, options) };
}

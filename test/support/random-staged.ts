/** Random networks with a patch stage whose branches have random classes and widths. */
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibrateRegions } from '../../src/calibrate/calibrate-regions.js';
import { createFloatEngine } from '../../src/evaluate/quantize-model.js';
import { observedRegions, quantizeStaged, type StagedResult } from '../../src/evaluate/quantize-staged.js';
import type { FloatNetwork, FloatSample } from '../../src/ir/float-network.js';
import { uniformAssignment } from '../../src/ir/stage-data.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import { gridBranches, stageCuts } from '../../src/patch/branches.js';
import { layOutStage, type StageLayout } from '../../src/patch/layout.js';
import { DEFAULT_QUANTIZE_OPTIONS, quantizeNetwork } from '../../src/quantize/quantize.js';
import { createRandom, type Random } from '../../src/support/random.js';
import { randomFloatNetwork, randomFloatSamples } from './random-float-network.js';

const engine = createFloatEngine();
const SAMPLES = 6;

export interface StagedTrial {
  readonly network: FloatNetwork;
  readonly samples: readonly FloatSample[];
  readonly layout: StageLayout;
  readonly classOf: readonly number[];
  readonly result: StagedResult;
  readonly random: Random;
}

/** The trial of a seed, or undefined where its network has no such stage. */
export async function stagedTrial(seed: number): Promise<StagedTrial | undefined> {
  const random = createRandom(seed);
  const network = randomFloatNetwork(random);
  const samples = randomFloatSamples(network, random, SAMPLES);
  const ranges = await calibrate(network, samples);
  const options = {
    ...DEFAULT_QUANTIZE_OPTIONS,
    reconstruction: { kind: random.pick(['none', 'sequential'] as const) },
  };
  const whole = quantizeNetwork(network, ranges, uniformAssignment(8, 8), samples, engine, {
    ...options,
    reconstruction: { kind: 'none' },
  }).plan;
  const cuts = stageCuts(whole).filter((cut) => cut.steps > 1);
  if (cuts.length === 0) return undefined;
  const grid = {
    cut: random.pick(cuts),
    rows: random.integer(1, 3),
    columns: random.integer(1, 3),
    input: random.pick(['resident', 'streamed'] as const),
  };
  if (gridBranches(whole, grid.cut, grid.rows, grid.columns) === null) return undefined;
  const layout = layOutStage(whole, grid);
  const count = random.integer(1, Math.min(3, layout.branches.length));
  const drawn = layout.branches.map((_, i) => (i < count ? i : random.integer(0, count - 1)));
  const width = (): Width => random.pick(WIDTH_LIST);
  // One width per map whose storage a max pooling does not tie to another's: those of convolutions suffice.
  const inside = network.layers
    .slice(0, grid.cut.steps)
    .filter((l) => l.op === 'conv2d' && l.output !== grid.cut.output);
  const tied = new Set(
    network.layers.filter((l) => l.op === 'max_pool2d').flatMap((l) => [l.inputs[0]!, l.output]),
  );
  const free = inside.filter((l) => !tied.has(l.output)).map((l) => network.tensors[l.output]!.name);
  const request = {
    layout,
    classOf: drawn,
    classes: Array.from({ length: count }, () => ({
      activations: Object.fromEntries(free.map((name) => [name, width()])),
      defaultActivationBits: width(),
    })),
    branchRanges: calibrateRegions(network, samples, observedRegions(layout), grid.cut.steps),
    assignment: uniformAssignment(width(), width()),
  };
  const result = quantizeStaged(network, ranges, samples, request, engine, options);
  return { network, samples, layout, classOf: drawn, result, random };
}

/** What `search` and `deploy` do alike: options, the search itself, firmware on the emulated cores, accuracy on test images. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PRESET_NAMES, type Recipe } from '../data/recipe.js';
import { CACHE_FOLDER, calibrateForSearch } from '../evaluate/calibrate-for-search.js';
import { floatModel } from '../evaluate/calibrate-model.js';
import { compareAccuracy } from '../evaluate/compare-accuracy.js';
import type { CycleMeter } from '../evaluate/cycle-costs.js';
import { SIMULATION_ENGINES } from '../evaluate/engines.js';
import { type MeasureOptions, measureCycles, measureStepCycles } from '../evaluate/measure-cycles.js';
import { planMemory } from '../evaluate/plan-memory.js';
import {
  ModelSearch,
  type SearchedPlan,
  type SearchOptions,
  STAGE_OPTIONS,
  type StageOption,
} from '../evaluate/search-model.js';
import type { SearchScope } from '../evaluate/search-problem.js';
import type { AccuracyGoal } from '../evaluate/search-widths.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork } from '../ir/float-network.js';
import { isPlanPath, readModel, type Verified, verifyPlan } from '../pipeline.js';
import type { CoreCycles, SearchFacts } from '../report/search-report.js';
import { DEFAULT_LAMBDA, SEARCH_METHOD_NAMES, type SearchMethodName } from '../search/methods.js';
import { type Cache, folderCache } from '../support/cache.js';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { BOARDS, type Board } from '../targets/index.js';
import { dimensionOption, jsonOption, positiveInteger, recipeOptions } from './cli-command.js';
import { byteSize } from './commands/plan.js';
import { calibrationWarnings } from './commands/quantize.js';
import type { Environment } from './environment.js';
import { boardOption, findTarget, targetOption } from './find-board.js';
import { findRecipe } from './find-recipe.js';
import { findTuned } from './find-tuned.js';
import { randomInputs } from './network-inputs.js';
import { type Progress, startProgress } from './progress.js';
import { readTestSamples } from './test-samples.js';

export interface SearchCommandOptions {
  readonly data: string;
  readonly test?: string;
  readonly target?: string;
  readonly board?: string;
  readonly sram?: number;
  readonly flash?: number;
  readonly accuracyDrop?: number;
  readonly agreement?: number;
  readonly cost?: 'bitops' | 'cycles';
  readonly costShare: number;
  readonly latency?: number;
  readonly method: SearchMethodName;
  readonly accuracy?: 'noise' | 'entropy';
  readonly scope: SearchScope;
  readonly weights: '8' | 'auto';
  readonly stage: StageOption;
  readonly lambda?: number;
  readonly tuned?: string;
  readonly evaluations: number;
  readonly noiseImages: number;
  readonly refine: number;
  readonly seed: number;
  readonly first?: number;
  readonly limit?: number;
  readonly cache: string;
  readonly emulate: boolean;
  readonly recipe?: string;
  readonly preset?: string;
  readonly dim?: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

export const numberBetween =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a number from ${low} to ${high}`);
  };

function wholeNumber(text: string): number {
  return text === '0' ? 0 : positiveInteger(text);
}

/** Options that `search` and `deploy` share. */
export function configureSearch(command: Command): void {
  command
    .argument('<model>', 'a .tflite or .onnx model, float or quantised')
    .requiredOption('--data <folder>', 'calibration data, never test data; labels are not used')
    .option('--test <folder>', 'labelled samples: accuracy of the plan found against the float network')
    .addOption(targetOption())
    .addOption(boardOption())
    .option('--sram <bytes>', 'SRAM for arena and stack, like 256K (default: the target’s)', byteSize)
    .option('--flash <bytes>', 'flash for the constants, like 1M; judged of the plan found', byteSize)
    .option(
      '--accuracy-drop <points>',
      'the cheapest widths that lose no more top-1, as predicted',
      numberBetween(0, 100),
    )
    .option(
      '--agreement <percent>',
      'the cheapest widths that keep so many answers, as predicted',
      numberBetween(0, 100),
    )
    .addOption(
      new Option(
        '--cost <unit>',
        'what is saved: BitOPs, or cycles of the target’s core (default: bitops)',
      ).choices(['bitops', 'cycles']),
    )
    .option('--cost-share <share>', 'at most this share of the cost at 8 bits', numberBetween(0.01, 1), 1)
    .option(
      '--latency <ms>',
      'at most so long on the target, by its cycle estimate',
      numberBetween(0.001, 1e7),
    )
    .addOption(
      new Option('--method <name>', 'how widths are chosen').choices(SEARCH_METHOD_NAMES).default('vdqs'),
    )
    .addOption(
      new Option('--accuracy <term>', 'of vdqs: measured logit noise, or the paper’s entropy').choices([
        'noise',
        'entropy',
      ]),
    )
    .addOption(
      new Option('--scope <scope>', 'maps of the stage alone, or of the whole network')
        .choices(['patch', 'all'])
        .default('all'),
    )
    .addOption(
      new Option('--weights <widths>', 'all at 8 bits, or searched').choices(['8', 'auto']).default('8'),
    )
    .addOption(
      new Option('--stage <kind>', 'how the first layers run').choices(STAGE_OPTIONS).default('auto'),
    )
    .option(
      '--lambda <λ>',
      `weight of entropy against BitOPs in the paper’s score (default: ${DEFAULT_LAMBDA})`,
      numberBetween(0, 1),
    )
    .option('--tuned <file>', 'λ as quantmcu tune chose it')
    .option('--evaluations <n>', 'candidates that random and evolutionary look at', positiveInteger, 2000)
    .option('--noise-images <n>', 'images on which noise is measured', positiveInteger, 8)
    .option('--refine <n>', 'plans quantised on the way to a bound of accuracy', wholeNumber, 3)
    .option('--first <n>', 'calibrate on the first n samples', positiveInteger)
    .option('--limit <n>', 'this many calibration samples, spread evenly over the list', positiveInteger)
    .option('--seed <n>', 'seed of whatever is random', positiveInteger, 1)
    .option('--cache <folder>', 'where measurements are kept', CACHE_FOLDER)
    .addOption(dimensionOption());
  for (const option of recipeOptions(PRESET_NAMES)) command.addOption(option);
  command.addOption(jsonOption());
}

const methodOf = ({ method, accuracy }: SearchCommandOptions): SearchMethodName =>
  method === 'vdqs' && accuracy === 'entropy' ? 'vdqs-entropy' : method;

function goalOf({ accuracyDrop, agreement }: SearchCommandOptions): AccuracyGoal | undefined {
  if (accuracyDrop !== undefined && agreement !== undefined)
    throw badInput('search/goal', 'two bounds of accuracy were given', {
      expected: 'either --accuracy-drop or --agreement',
    });
  if (accuracyDrop !== undefined) return { kind: 'drop', points: accuracyDrop };
  return agreement === undefined ? undefined : { kind: 'agreement', percent: agreement };
}

/** Emulated cycles as the cost where they are asked for, or where a latency is to be kept. */
function cycleOptions(
  { cost, latency }: SearchCommandOptions,
  board: Board,
  { host, ...measuring }: MeasureOptions & { readonly host: Host },
): Pick<SearchOptions, 'cycles' | 'cycleLimit'> {
  if (cost === 'bitops' && latency !== undefined)
    throw badInput('search/goal', 'a latency is kept by cycles', { found: '--cost bitops with --latency' });
  if (cost !== 'cycles' && latency === undefined) return {};
  const cycles: CycleMeter = (plan) => measureStepCycles(host, plan, board, measuring);
  if (latency === undefined) return { cycles };
  return { cycles, cycleLimit: ((latency / 1000) * board.clockHz) / board.memoryFactor.mid };
}

export interface FoundPlan {
  readonly facts: SearchFacts;
  /** Firmware for the target and what its core did; undefined where nothing was emulated. */
  readonly onTarget: Verified | undefined;
  readonly plan: DeployPlan;
  readonly recipe: Recipe;
  readonly board: Board;
}

/** Everything that `search` does but print. */
export async function runSearch(
  model: string,
  options: SearchCommandOptions,
  environment: Environment,
): Promise<FoundPlan> {
  const { host, now, writeError, style } = environment;
  if (isPlanPath(model))
    throw badInput('search/plan', 'a stored plan has its widths fixed', {
      where: model,
      fix: 'Give the model file that it was made from.',
    });
  const goal = goalOf(options);
  const board = await findTarget(host, options);
  for (const warning of calibrationWarnings(options.data, options.first)) writeError(`warning: ${warning}\n`);
  const float = floatModel(await readModel(host, model, options));
  const { recipe } = await findRecipe(host, model, float.network, options);
  const progress = startProgress(environment);
  const start = now();
  const data = {
    ...{ host, folder: options.data, recipe },
    ...(options.first === undefined ? {} : { first: options.first }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  };
  const onProgress = (what: string, done?: number, total?: number): void =>
    progress.update(what, done, total);
  const calibrated = await calibrateForSearch(float, data, options.cache, { onProgress });
  const cache = folderCache(host, options.cache);
  const { seed, noiseImages, scope, stage, evaluations } = options;
  const tuned =
    options.tuned === undefined ? undefined : await findTuned(environment, options.tuned, float.network);
  const lambda = options.lambda ?? tuned?.lambda ?? DEFAULT_LAMBDA;
  const weights = options.weights === 'auto' ? 'auto' : 'fixed';
  const search = await ModelSearch.prepare(calibrated, { weights, noiseImages, seed, cache, onProgress });
  const sramBytes = options.sram ?? board.sram.bytes;
  const method = methodOf(options);
  const searched = await search.search({
    ...{
      weights,
      noiseImages,
      seed,
      cache,
      onProgress,
      scope,
      stage,
      lambda,
      evaluations,
      sramBytes,
      method,
    },
    costShare: options.costShare,
    ...cycleOptions(options, board, { host, cache, now, runBlocking: environment.runBlocking }),
    refinements: goal === undefined ? 0 : options.refine,
    ...(goal === undefined ? {} : { accuracy: goal }),
    onWidths: ({ predictedSqnrDb, prediction }) =>
      writeError(
        style(
          'dim',
          `predicted before quantising: score SQNR ${predictedSqnrDb.toFixed(1)} dB, agreement ${prediction.agreement.toFixed(1)} %\n`,
        ),
      ),
  });
  const seconds = (now() - start) / 1000;
  const { onTarget, ...emulated } = options.emulate
    ? await emulateAll(search, searched, { sramBytes, board, cache, environment, progress, seed })
    : NOT_EMULATED;
  const test =
    options.test === undefined
      ? null
      : await testPlan(environment, float.network, searched.plan, options.test, recipe, progress);
  progress.end();
  const { found, assignment } = searched;
  const { constantBytes } = planMemory(searched.plan);
  const flashBytes = options.flash ?? board.flash.bytes;
  const facts: SearchFacts = {
    ...{ model, target: board.id, method, scope, stage: searched.stage.kind, seed },
    cost: options.cost === 'cycles' || options.latency !== undefined ? 'cycles' : 'bitops',
    feasible: found.feasible && keepsLatency(options, onTarget),
    fits: searched.fits && constantBytes <= flashBytes,
    evaluations: found.evaluations,
    ...{
      bitops: searched.bitops,
      bitopsInt8: searched.bitopsInt8,
      bitopsInt8Patched: searched.bitopsInt8Patched,
    },
    ...{ sramBytes, flashBytes, constantBytes, arenaBytes: searched.arenaBytes, ...emulated },
    predictedSqnrDb: found.predictedSqnrDb,
    predictedAgreement: found.prediction.agreement,
    predictedDrop: found.prediction.drop,
    ...{ test, assignment, plan: null, seconds },
  };
  return { facts, onTarget, plan: searched.plan, recipe, board };
}

/** By the firmware itself: the table that the search adds up is near, but knows no mixture of widths. */
const keepsLatency = ({ latency }: SearchCommandOptions, onTarget: Verified | undefined): boolean =>
  latency === undefined || onTarget === undefined || onTarget.report.totals.latencyMs.mid <= latency;

const NOT_EMULATED = {
  peakSramBytes: null,
  cycles: null,
  cyclesInt8: null,
  cyclesInt8Patched: null,
  verified: null,
  onTarget: undefined,
} as const;

interface EmulationContext {
  readonly sramBytes: number;
  readonly board: Board;
  readonly cache: Cache;
  readonly environment: Environment;
  readonly progress: Progress;
  readonly seed: number;
}

/** Firmware of the plan, verified on either core and on the target; cycles of the int8 plans it is compared with. */
async function emulateAll(search: ModelSearch, { plan }: SearchedPlan, context: EmulationContext) {
  const { board, cache, environment, progress, seed, sramBytes } = context;
  const boards = { m4: boardOf('m4', board), m7: boardOf('m7', board) };
  const { host, now, runBlocking } = environment;
  const inputs = randomInputs(plan, seed);
  const verifyOn = async (on: Board): Promise<Verified> =>
    verifyPlan(host, plan, on, {
      ...{ inputs: inputs.bytes, inputName: inputs.source, now, runBlocking },
      onProgress: (what, done, total) => progress.update(what, done, total),
    });
  const [m4, m7] = [await verifyOn(boards.m4), await verifyOn(boards.m7)];
  const own = Object.values(boards).includes(board) ? undefined : await verifyOn(board);
  const onTarget = own ?? (board === boards.m7 ? m7 : m4);
  const cyclesOf = async (int8: DeployPlan | undefined): Promise<CoreCycles | null> => {
    if (int8 === undefined) return null;
    progress.update('emulating at 8 bits');
    return {
      m4: await measureCycles(host, int8, boards.m4, { cache, now, runBlocking }),
      m7: await measureCycles(host, int8, boards.m7, { cache, now, runBlocking }),
    };
  };
  return {
    onTarget,
    peakSramBytes: onTarget.report.totals.peakSramBytes,
    cycles: { m4: m4.report.totals.cycles, m7: m7.report.totals.cycles },
    cyclesInt8: await cyclesOf(await search.int8Plan('layers', sramBytes)),
    cyclesInt8Patched: await cyclesOf(await search.int8Plan('patches', sramBytes)),
    verified: [m4, m7, onTarget].every(({ report }) => report.ok),
  };
}

const boardOf = (core: 'm4' | 'm7', board: Board): Board =>
  board.core === core ? board : BOARDS.find((candidate) => candidate.core === core)!;

async function testPlan(
  { host }: Environment,
  network: FloatNetwork,
  plan: DeployPlan,
  folder: string,
  recipe: Recipe,
  progress: Progress,
): Promise<SearchFacts['test']> {
  const samples = await readTestSamples(host, folder, network, recipe);
  const result = await compareAccuracy(network, plan, samples, {
    ...{ engine: SIMULATION_ENGINES.wasm(), mapSamples: 0 },
    onProgress: (done, total) => progress.update('testing', done, total),
  });
  const { n, top1, agreement, scoreSqnrDb } = result;
  return {
    ...{ n, agreement, scoreSqnrDb },
    top1: top1?.second ?? null,
    top1Float: top1?.first ?? null,
    points: top1?.points ?? null,
    halfWidth: top1?.halfWidth ?? null,
  };
}

/** What `search` and `deploy` do alike: the search itself, and what is said of the plan found. */
import type { Recipe } from '../data/recipe.js';
import { calibrateForSearch } from '../evaluate/calibrate-for-search.js';
import { type FloatModel, floatModel } from '../evaluate/calibrate-model.js';
import { planMemory } from '../evaluate/plan-memory.js';
import { ModelSearch, type SearchedPlan } from '../evaluate/search-model.js';
import type { AccuracyGoal } from '../evaluate/search-widths.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { readModel, type Verified } from '../pipeline.js';
import type { SearchFacts } from '../report/search-report.js';
import { DEFAULT_LAMBDA, SEARCH_METHODS } from '../search/methods.js';
import { type Cache, folderCache } from '../support/cache.js';
import type { Board } from '../targets/index.js';
import { calibrationWarnings, requireModel, searchedWeights, selectionOf } from './calibration-options.js';
import { threadsOf } from './cli-command.js';
import type { Environment } from './environment.js';
import { findTarget } from './find-board.js';
import { findRecipe } from './find-recipe.js';
import { findTuned } from './find-tuned.js';
import { emulateAll, NOT_EMULATED, testPlan } from './judge-plan.js';
import { type Progress, startProgress } from './progress.js';
import {
  checkOptions,
  classesOf,
  cycleOptions,
  goalOf,
  methodOf,
  refinementsOf,
  type SearchCommandOptions,
} from './search-options.js';

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
  const { host, now, writeError } = environment;
  requireModel('search', model, 'a stored plan has its widths fixed');
  const goal = goalOf(options);
  classesOf(options, undefined);
  checkOptions(options, goal);
  const board = await findTarget(host, options);
  for (const warning of calibrationWarnings(options)) writeError(`warning: ${warning}\n`);
  const float = floatModel(await readModel(host, model, options));
  const { recipe } = await findRecipe(host, model, float.network, options);
  const progress = startProgress(environment);
  const start = now();
  const run: SearchRun = { options, environment, board, progress, cache: folderCache(host, options.cache) };
  const sramBytes = options.sram ?? board.sram.bytes;
  const { search, searched } = await searchWidths(float, recipe, run, { goal, sramBytes });
  const seconds = (now() - start) / 1000;
  const { onTarget, ...emulated } = options.emulate
    ? await emulateAll(search, searched, { ...run, sramBytes, seed: options.seed })
    : NOT_EMULATED;
  const test =
    options.test === undefined
      ? null
      : await testPlan(environment, float.network, searched.plan, options.test, recipe, progress);
  progress.end();
  const { constantBytes } = planMemory(searched.plan);
  const flashBytes = options.flash ?? board.flash.bytes;
  const method = methodOf(options);
  const facts: SearchFacts = {
    ...{ model, target: board.id, method, scope: options.scope },
    noise: SEARCH_METHODS[method].readsNoise ? options.noise : null,
    ...{ stage: searched.stage.kind, seed: options.seed, vdpc: vdpcFacts(searched) },
    cost: options.cost === 'cycles' || options.latency !== undefined ? 'cycles' : 'bitops',
    feasible: searched.found.feasible && keepsLatency(options, onTarget),
    fits: searched.fits && constantBytes <= flashBytes,
    ...costsOf(searched),
    ...{ sramBytes, flashBytes, constantBytes, arenaBytes: searched.arenaBytes, ...emulated },
    ...predictionOf(searched),
    ...{ test, assignment: searched.assignment, plan: null, seconds },
  };
  return { facts, onTarget, plan: searched.plan, recipe, board };
}

interface SearchRun {
  readonly options: SearchCommandOptions;
  readonly environment: Environment;
  readonly board: Board;
  readonly progress: Progress;
  readonly cache: Cache;
}

interface Limits {
  readonly goal: AccuracyGoal | undefined;
  readonly sramBytes: number;
}

/** Calibrates, measures and searches. */
async function searchWidths(
  float: FloatModel,
  recipe: Recipe,
  { options, environment, board, progress, cache }: SearchRun,
  { goal, sramBytes }: Limits,
): Promise<{ readonly search: ModelSearch; readonly searched: SearchedPlan }> {
  const { host, now, runBlocking, style, writeError } = environment;
  const threads = threadsOf(options, environment);
  const data = { host, folder: options.data, recipe, ...selectionOf(options) };
  const onProgress = (what: string, done?: number, total?: number): void =>
    progress.update(what, done, total);
  const calibrated = await calibrateForSearch(float, data, options.cache, { onProgress, threads });
  const { seed, noiseImages, noise, scope, stage, evaluations, costShare } = options;
  const tuned =
    options.tuned === undefined ? undefined : await findTuned(environment, options.tuned, float.network);
  const lambda = options.lambda ?? tuned?.lambda ?? DEFAULT_LAMBDA;
  const classes = classesOf(options, tuned);
  const figures = {
    weights: searchedWeights(options),
    noiseImages,
    seed,
    cache,
    threads,
    onProgress,
  } as const;
  const search = await ModelSearch.prepare(calibrated, figures);
  const searched = await search.search({
    ...figures,
    ...{ scope, stage, noise, lambda, evaluations, sramBytes, method: methodOf(options), costShare },
    ...cycleOptions(options, board, { host, cache, now, runBlocking }),
    refinements: refinementsOf(options, goal),
    squeeze: options.squeeze,
    ...(classes === undefined ? {} : { classes }),
    ...(goal === undefined ? {} : { accuracy: goal }),
    onWidths: ({ predictedSqnrDb, prediction }) =>
      writeError(
        style(
          'dim',
          `predicted before quantising: score SQNR ${predictedSqnrDb.toFixed(1)} dB, agreement ${prediction.agreement.toFixed(1)} %\n`,
        ),
      ),
  });
  return { search, searched };
}

function vdpcFacts({ classes }: SearchedPlan): SearchFacts['vdpc'] {
  if (classes === undefined) return null;
  const { rule, columns } = classes;
  const kept = classes.classes.flatMap((name, at) =>
    name === 'protected' ? [[Math.floor(at / columns), at % columns] as const] : [],
  );
  return { rule, protected: kept, of: classes.classes.length };
}

const costsOf = ({ found, bitops, bitopsInt8, bitopsInt8Patched }: SearchedPlan) => ({
  evaluations: found.evaluations,
  ...{ bitops, bitopsInt8, bitopsInt8Patched },
});

const predictionOf = ({ found }: SearchedPlan) => ({
  predictedSqnrDb: found.predictedSqnrDb,
  predictedAgreement: found.prediction.agreement,
  predictedDrop: found.prediction.drop,
  heldOutSqnrDb: found.isMeasured === true ? found.prediction.scoreSqnrDb : null,
});

/** By the firmware itself: the table that the search adds up is near, but knows no mixture of widths. */
const keepsLatency = ({ latency }: SearchCommandOptions, onTarget: Verified | undefined): boolean =>
  latency === undefined || onTarget === undefined || onTarget.report.totals.latencyMs.mid <= latency;

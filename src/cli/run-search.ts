/** What `search` and `deploy` do alike: the search itself, and what is said of the plan found. */
import type { Recipe } from '../data/recipe.js';
import { calibrateForSearch } from '../evaluate/calibrate-for-search.js';
import { floatModel } from '../evaluate/calibrate-model.js';
import { planMemory } from '../evaluate/plan-memory.js';
import { ModelSearch } from '../evaluate/search-model.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { isPlanPath, readModel, type Verified } from '../pipeline.js';
import type { SearchFacts } from '../report/search-report.js';
import { DEFAULT_LAMBDA } from '../search/methods.js';
import { folderCache } from '../support/cache.js';
import { badInput } from '../support/errors.js';
import type { Board } from '../targets/index.js';
import { calibrationWarnings, searchedWeights, selectionOf } from './calibration-options.js';
import { threadsOf } from './cli-command.js';
import type { Environment } from './environment.js';
import { findTarget } from './find-board.js';
import { findRecipe } from './find-recipe.js';
import { findTuned } from './find-tuned.js';
import { emulateAll, NOT_EMULATED, testPlan } from './judge-plan.js';
import { startProgress } from './progress.js';
import { cycleOptions, goalOf, methodOf, type SearchCommandOptions } from './search-options.js';

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
  for (const warning of calibrationWarnings(options)) writeError(`warning: ${warning}\n`);
  const float = floatModel(await readModel(host, model, options));
  const { recipe } = await findRecipe(host, model, float.network, options);
  const progress = startProgress(environment);
  const threads = threadsOf(options, environment);
  const start = now();
  const data = { host, folder: options.data, recipe, ...selectionOf(options) };
  const onProgress = (what: string, done?: number, total?: number): void =>
    progress.update(what, done, total);
  const calibrated = await calibrateForSearch(float, data, options.cache, { onProgress, threads });
  const cache = folderCache(host, options.cache);
  const { seed, noiseImages, scope, stage, evaluations } = options;
  const tuned =
    options.tuned === undefined ? undefined : await findTuned(environment, options.tuned, float.network);
  const lambda = options.lambda ?? tuned?.lambda ?? DEFAULT_LAMBDA;
  const weights = searchedWeights(options);
  const figures = { weights, noiseImages, seed, cache, threads, onProgress } as const;
  const search = await ModelSearch.prepare(calibrated, figures);
  const sramBytes = options.sram ?? board.sram.bytes;
  const method = methodOf(options);
  const searched = await search.search({
    ...figures,
    ...{ scope, stage, lambda, evaluations, sramBytes, method },
    costShare: options.costShare,
    ...cycleOptions(options, board, { host, cache, now, runBlocking: environment.runBlocking }),
    refinements: goal === undefined ? 0 : options.refine,
    squeeze: options.squeeze,
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
    ? await emulateAll(search, searched, { options, sramBytes, board, cache, environment, progress, seed })
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

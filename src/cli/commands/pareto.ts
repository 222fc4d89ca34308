/** `quantmcu pareto`: accuracy against BitOPs, time and memory over stored plans and over methods at shares of the cost. */
import type { Command } from 'commander';
import { calibrateForSearch } from '../../evaluate/calibrate-for-search.js';
import { type CalibratedModel, floatModel } from '../../evaluate/calibrate-model.js';
import type { LabelledSample } from '../../evaluate/compare-accuracy.js';
import { measureCycles } from '../../evaluate/measure-cycles.js';
import {
  frontsOf,
  measurePoint,
  type PlanCandidate,
  type PlanPoint,
  sweepPlans,
  worthOf,
} from '../../evaluate/pareto-points.js';
import type { NoiseSource } from '../../evaluate/plan-noise.js';
import { ModelSearch } from '../../evaluate/search-model.js';
import type { SearchScope } from '../../evaluate/search-problem.js';
import type { StageOption } from '../../evaluate/stage-options.js';
import { planModel, readModel } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { estimateLatency } from '../../report/latency.js';
import { buildParetoReport, formatPareto, type ParetoRow, paretoSvg } from '../../report/pareto-report.js';
import {
  DEFAULT_LAMBDA,
  SEARCH_METHOD_NAMES,
  SEARCH_METHODS,
  type SearchMethodName,
} from '../../search/methods.js';
import { type Cache, folderCache } from '../../support/cache.js';
import { badInput, EXIT_CODES } from '../../support/errors.js';
import { type Board, coreOf } from '../../targets/index.js';
import {
  type CalibrationOptions,
  evaluationsOption,
  measuringOptions,
  noiseImagesOption,
  noiseOption,
  requireModel,
  scopeOption,
  searchedWeights,
  selectionOf,
  stageKindOption,
  weightsOption,
} from '../calibration-options.js';
import {
  addOptions,
  defineCommand,
  dimensionOption,
  jsonOption,
  recipeOptions,
  threadsOf,
} from '../cli-command.js';
import type { Environment } from '../environment.js';
import { boardOption, findTarget, targetOption } from '../find-board.js';
import { findRecipe } from '../find-recipe.js';
import { byteSize, listOf, numberBetween, oneOf } from '../option-values.js';
import { type Progress, startProgress } from '../progress.js';
import { readTestSamples } from '../test-samples.js';

interface ParetoOptions extends Omit<CalibrationOptions, 'data'> {
  readonly data?: string;
  readonly test?: string;
  readonly target?: string;
  readonly board?: string;
  readonly methods: readonly SearchMethodName[];
  readonly costShares: readonly number[];
  readonly sram?: number;
  readonly scope: SearchScope;
  readonly weights: '8' | 'auto';
  readonly stage: StageOption;
  readonly lambda: number;
  readonly evaluations: number;
  readonly noiseImages: number;
  readonly noise: NoiseSource;
  readonly cache: string;
  readonly emulate: boolean;
  readonly threads?: number;
  readonly svg?: string;
}

function configure(command: Command): void {
  command
    .argument('<model>', 'the .tflite or .onnx model that the plans are compared with')
    .argument('[plans...]', 'stored plans made from it; without any, a sweep of methods and shares')
    .option('--data <folder>', 'calibration data for the sweep, never test data')
    .option('--test <folder>', 'labelled samples that accuracy is measured on (default: those of --data)')
    .addOption(targetOption())
    .addOption(boardOption())
    .option('--methods <list>', 'what to sweep, like vdqs,uniform-a4w8', listOf(oneOf(SEARCH_METHOD_NAMES)), [
      ...(['vdqs', 'vdqs-entropy', 'greedy', 'memory-driven', 'uniform-a8w8', 'uniform-a4w8'] as const),
    ])
    .option(
      '--cost-shares <list>',
      'bounds of the BitOPs, as shares of those at 8 bits',
      listOf(numberBetween(0.01, 1)),
      [1, 0.75, 0.5, 0.35, 0.25],
    )
    .option('--sram <bytes>', 'SRAM for arena and stack, like 256K (default: the target’s)', byteSize)
    .addOption(scopeOption())
    .addOption(weightsOption())
    .addOption(stageKindOption('--stage'))
    .option('--lambda <λ>', 'of the paper’s score', numberBetween(0, 1), DEFAULT_LAMBDA)
    .addOption(evaluationsOption())
    .addOption(noiseImagesOption())
    .addOption(noiseOption());
  addOptions(command, measuringOptions())
    .option('--no-emulate', 'leave out cycles and latency')
    .option('--svg <file>', 'a chart per cost, the front marked');
  addOptions(command, [dimensionOption(), ...recipeOptions(), jsonOption()]);
}

interface Context {
  readonly options: ParetoOptions;
  readonly environment: Environment;
  readonly board: Board;
  readonly cache: Cache;
  readonly progress: Progress;
}

async function sweep(
  calibrated: CalibratedModel,
  { options, environment, board, cache, progress }: Context,
): Promise<PlanCandidate[]> {
  const { seed, noiseImages, noise, scope, stage, lambda, evaluations, methods, costShares } = options;
  const onProgress = progress.update;
  const threads = threadsOf(options, environment);
  const figures = { weights: searchedWeights(options), noiseImages, seed, cache, threads, onProgress };
  const search = await ModelSearch.prepare(calibrated, figures);
  const sramBytes = options.sram ?? board.sram.bytes;
  const request = { scope, stage, noise, lambda, evaluations, methods, costShares, sramBytes };
  return sweepPlans(search, { ...figures, ...request });
}

async function storedPlans(paths: readonly string[], { host }: Environment): Promise<PlanCandidate[]> {
  const found: PlanCandidate[] = [];
  for (const name of paths) {
    const { plan } = await planModel(host, name, {});
    found.push({ name, plan, method: null, costShare: null, stage: null, predictedSqnrDb: null });
  }
  return found;
}

/** As rows of the report: with fronts and latency. */
function rowsOf(points: readonly PlanPoint[], board: Board): ParetoRow[] {
  const fronts = frontsOf(points);
  return points.map((point, i) => {
    if (point.cycles === null) return { ...point, latencyMs: null, front: fronts[i]! };
    const { low, mid, high } = estimateLatency(point.cycles, board, coreOf(board.core));
    return { ...point, latencyMs: { low, mid, high }, front: fronts[i]! };
  });
}

export const pareto = defineCommand<ParetoOptions>({
  name: 'pareto',
  summary: 'accuracy against BitOPs, latency and SRAM, over methods or stored plans',
  examples: [
    [
      'quantmcu pareto model.tflite --data calib/ --test photos/ --target nano33ble --svg front.svg',
      'six methods at five shares of the BitOPs',
    ],
    [
      'quantmcu pareto model.tflite a.plan.json b.plan.json --test photos/ --target f746',
      'plans that are stored already',
    ],
    [
      'quantmcu pareto model.onnx --data calib/ --target h743 --methods vdqs,evolutionary --weights auto --no-emulate',
      'by BitOPs alone, accuracy on the calibration images',
    ],
  ],
  configure,
  async run(args, options, environment) {
    // A variadic argument comes as one list.
    const [model, ...plans] = args.flat() as [string, ...string[]];
    requireData(model, plans, options);
    if (plans.length === 0) requireReader(options);
    const { host, now, write, style } = environment;
    const board = await findTarget(host, options);
    const progress = startProgress(environment);
    const start = now();
    const cache = folderCache(host, options.cache);
    const points = await allPoints(model, plans, { options, environment, board, cache, progress });
    progress.end();
    const report = buildParetoReport({
      ...{ model, target: board.id, data: options.test ?? options.data!, worth: worthOf(points) },
      fitted: plans.length === 0 && isFitted(options),
      noise: plans.length === 0 ? options.noise : null,
      points: rowsOf(points, board),
      svg: options.svg ?? null,
      timing: { seconds: (now() - start) / 1000 },
    });
    if (options.svg !== undefined) await host.writeFile(options.svg, paretoSvg(report));
    write(options.json === true ? formatJson(report) : `${formatPareto(report, style)}\n`);
    return EXIT_CODES.success;
  },
});

/** Whether a sweep's plans are measured on the folder that they are fitted to. */
function isFitted({ data, test = data }: ParetoOptions): boolean {
  const folder = (path: string | undefined): string | undefined => path?.replace(/\/+$/, '');
  return folder(data) === folder(test);
}

/** Errors: `search/option` where none of the methods would read what is measured for `--noise plans`. */
function requireReader({ noise, methods }: ParetoOptions): void {
  if (noise === 'float' || methods.some((method) => SEARCH_METHODS[method].readsNoise)) return;
  throw badInput('search/option', 'no method reads figures of noise', {
    found: `--noise ${noise} with --methods ${methods.join(',')}`,
    expected: 'another method among them, or no --noise',
  });
}

function requireData(model: string, plans: readonly string[], { data, test }: ParetoOptions): void {
  if (plans.length === 0 && data === undefined)
    throw badInput('pareto/data', 'a sweep needs calibration data', {
      where: model,
      expected: '--data folder, or stored plans as further arguments',
    });
  if (data === undefined && test === undefined)
    throw badInput('pareto/data', 'there is nothing to measure accuracy on', {
      where: model,
      expected: '--test folder, or --data folder',
    });
}

async function allPoints(model: string, plans: readonly string[], context: Context): Promise<PlanPoint[]> {
  const { options, environment, board, cache, progress } = context;
  const { host, now, runBlocking } = environment;
  const onProgress = progress.update;
  requireModel('pareto', model, 'stored plans come behind the model');
  const float = floatModel(await readModel(host, model, options));
  const { recipe } = await findRecipe(host, model, float.network, options);
  const calibrate = async (folder: string): Promise<CalibratedModel> => {
    const how = { onProgress, threads: threadsOf(options, environment) };
    return calibrateForSearch(float, { host, folder, recipe, ...selectionOf(options) }, options.cache, how);
  };
  const calibrated = options.data === undefined ? undefined : await calibrate(options.data);
  const candidates =
    plans.length > 0 ? await storedPlans(plans, environment) : await sweep(calibrated!, context);
  const samples: readonly LabelledSample[] =
    options.test === undefined
      ? calibrated!.samples.map((values) => ({ values }))
      : await readTestSamples(host, options.test, float.network, recipe);
  const cycles = (plan: PlanCandidate['plan']): Promise<number> =>
    measureCycles(host, plan, board, { cache, now, runBlocking });
  const how = { onProgress, ...(options.emulate ? { cycles } : {}) };
  const points: PlanPoint[] = [];
  for (const candidate of candidates) points.push(await measurePoint(float.network, candidate, samples, how));
  return points;
}

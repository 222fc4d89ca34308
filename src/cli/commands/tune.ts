/** `quantmcu tune`: λ of the paper's score and the flagged share and τ of its classification, on a calibration split. */
import { type Command, Option } from 'commander';
import { CLASSIFICATION_RULES, type ClassificationRule } from '../../classify/classify.js';
import {
  type CalibratedModel,
  calibrateOnce,
  floatModel,
  readCalibrationSamples,
} from '../../evaluate/calibrate-model.js';
import { DEFAULT_CLASSIFY_OPTIONS, VDPC_TENSORS, type VdpcTensor } from '../../evaluate/classify-patches.js';
import { measureCycles } from '../../evaluate/measure-cycles.js';
import { ModelSearch } from '../../evaluate/search-model.js';
import type { StageOption } from '../../evaluate/stage-options.js';
import {
  bitopsCost,
  type ClassPoint,
  type LambdaPoint,
  pickTuned,
  type RefusedClasses,
  splitSamples,
  sweepClasses,
  sweepLambda,
  type TuneContext,
} from '../../evaluate/tune.js';
import { formatTuned, TUNED_SUFFIX, type Tuned } from '../../evaluate/tuned-file.js';
import { WIDTH_LIST, type Width } from '../../numeric/widths.js';
import { readModel } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { buildTuneReport, formatTune, tuneSvg } from '../../report/tune-report.js';
import { contentKey, folderCache } from '../../support/cache.js';
import { badInput, EXIT_CODES } from '../../support/errors.js';
import {
  type CalibrationOptions,
  calibrationWarnings,
  inputModeOption,
  measuringOptions,
  noiseImagesOption,
  requireModel,
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
import { type Progress, startProgress } from '../progress.js';

const SWEEPS = ['lambda', 'classes'] as const;
type Sweep = (typeof SWEEPS)[number];

import {
  byteSize,
  gridSize,
  listOf,
  numberBetween,
  oneOf,
  positiveInteger,
  width,
} from '../option-values.js';

interface TuneOptions extends CalibrationOptions {
  readonly target?: string;
  readonly board?: string;
  readonly sweep: readonly Sweep[];
  readonly lambdas: readonly number[];
  readonly shares: readonly number[];
  readonly taus: readonly number[];
  readonly vdpc: ClassificationRule;
  readonly vdpcAt: VdpcTensor;
  readonly narrow: Width;
  readonly stage?: number;
  readonly grid?: readonly [number, number];
  readonly input?: 'resident' | 'streamed';
  readonly kind: StageOption;
  readonly weights: '8' | 'auto';
  readonly sram?: number;
  readonly cost: 'bitops' | 'cycles';
  readonly heldOut: number;
  readonly noiseImages: number;
  readonly cache: string;
  readonly threads?: number;
  readonly output?: string;
  readonly svg?: string;
}

const shareList = listOf(numberBetween(0, 1));

function configure(command: Command): void {
  command
    .argument('<model>', 'a .tflite or .onnx model, float or quantised')
    .requiredOption('--data <folder>', 'calibration data, never test data; labels are not used')
    .addOption(targetOption())
    .addOption(boardOption())
    .option('--sweep <list>', 'λ of the score, classes of patches', listOf(oneOf(SWEEPS)), SWEEPS)
    .option('--lambdas <list>', 'values of λ', shareList, [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1])
    .option(
      '--shares <list>',
      'shares to flag, which fix φ; other rules: to protect',
      shareList,
      [0.25, 0.4, 0.5, 0.6, 0.75],
    )
    .option('--taus <list>', 'outlier: values of τ', shareList, [0, 0.01, 0.05])
    .addOption(
      new Option('--vdpc <rule>', 'what decides on classes')
        .choices(Object.keys(CLASSIFICATION_RULES))
        .default('outlier' satisfies ClassificationRule),
    )
    .addOption(
      new Option('--vdpc-at <tensor>', 'outlier, activity: the input patch, or its first layer’s output')
        .choices(VDPC_TENSORS)
        .default(DEFAULT_CLASSIFY_OPTIONS.at),
    )
    .option('--narrow <bits>', 'width of the maps of plain branches: 4 or 2', width, 4)
    .option('--stage <n>', 'classes: exactly this many layers in the stage', positiveInteger)
    .option('--grid <rows×columns>', 'classes: exactly this grid of patches', gridSize)
    .addOption(inputModeOption('classes'))
    .addOption(stageKindOption('--kind', 'λ'))
    .addOption(weightsOption('λ'))
    .option('--sram <bytes>', 'SRAM for arena and stack, like 256K (default: the target’s)', byteSize)
    .addOption(new Option('--cost <unit>', 'what is saved').choices(['bitops', 'cycles']).default('bitops'))
    .option('--held-out <n>', 'every n-th sample is held out', positiveInteger, 4)
    .addOption(noiseImagesOption());
  addOptions(command, measuringOptions('use the first n samples', 'samples'))
    .option('-o, --output <base>', 'store the choice: base.tuned.json, for search and classify --tuned')
    .option('--svg <file>', 'the curves');
  addOptions(command, [dimensionOption(), ...recipeOptions(), jsonOption()]);
}

interface Prepared extends TuneContext {
  /** Calibrated on the fitting part. */
  readonly model: CalibratedModel;
  readonly sramBytes: number;
}

async function prepare(
  path: string,
  options: TuneOptions,
  environment: Environment,
  progress: Progress,
): Promise<Prepared> {
  const { host, now, runBlocking } = environment;
  const board = await findTarget(host, options);
  requireModel('tune', path, 'a stored plan has its widths fixed');
  const float = floatModel(await readModel(host, path, options));
  const { recipe } = await findRecipe(host, path, float.network, options);
  const onProgress = progress.update;
  const some = selectionOf(options);
  const data = { host, folder: options.data, recipe, ...some };
  const samples = await readCalibrationSamples(float.network, data, { onProgress });
  const { fit, heldOut } = splitSamples(samples, options.heldOut);
  if (fit.length === 0 || heldOut.length === 0)
    throw badInput('tune/split', 'one part of the split is empty', {
      where: options.data,
      found: `${samples.length} samples, every ${options.heldOut}th held out`,
      expected: 'samples to fit and samples to hold out',
    });
  const name = contentKey([float.network.name, JSON.stringify([data.folder, some, recipe, options.heldOut])]);
  const file = { host, path: `${options.cache}/ranges-tune-${name}.json` };
  const ranges = await calibrateOnce(float.network, fit, file, {
    ...{ onProgress, threads: threadsOf(options, environment) },
  });
  const cache = folderCache(host, options.cache);
  return {
    model: { ...float, samples: fit, ...ranges },
    ...{ network: float.network, heldOut, onProgress, sramBytes: options.sram ?? board.sram.bytes },
    cost:
      options.cost === 'bitops'
        ? bitopsCost
        : (plan) => measureCycles(host, plan, board, { cache, now, runBlocking }),
  };
}

async function tuneLambda(
  { model, sramBytes, ...context }: Prepared,
  options: TuneOptions,
  environment: Environment,
): Promise<LambdaPoint[]> {
  const { seed, noiseImages, kind: stage } = options;
  const weights = searchedWeights(options);
  const figures = {
    weights,
    noiseImages,
    seed,
    cache: folderCache(environment.host, options.cache),
    threads: threadsOf(options, environment),
  };
  const search = await ModelSearch.prepare(model, figures);
  const request = { ...figures, stage, scope: 'all', sramBytes, evaluations: 1 } as const;
  return sweepLambda(search, options.lambdas, request, context);
}

const tuneClasses = (
  { model, ...context }: Prepared,
  options: TuneOptions,
): Promise<(ClassPoint | RefusedClasses)[]> =>
  sweepClasses(
    model,
    {
      stage: {
        ...(options.stage === undefined ? {} : { stageLayers: options.stage }),
        ...(options.grid === undefined ? {} : { grid: options.grid }),
        ...(options.input === undefined ? {} : { input: options.input }),
        ...(options.sram === undefined ? {} : { budgetBytes: options.sram }),
      },
      rule: ruleOf(options),
      flaggedShares: options.shares,
      taus: options.vdpc === 'outlier' ? options.taus : [DEFAULT_CLASSIFY_OPTIONS.tau],
      plainBits: options.narrow,
      seed: options.seed,
    },
    context,
  );

const ruleOf = ({ vdpc: rule, vdpcAt: at }: TuneOptions) => ({
  ...{ rule, at, imageShare: DEFAULT_CLASSIFY_OPTIONS.imageShare },
});

const isClassPoint = (point: ClassPoint | RefusedClasses): point is ClassPoint => !('refused' in point);

const mapsOf = (widths: readonly Width[]): [number, number, number] =>
  WIDTH_LIST.map((bits) => widths.filter((own) => own === bits).length) as [number, number, number];

export const tune = defineCommand<TuneOptions>({
  name: 'tune',
  summary: 'λ, flagged share (φ) and τ by sweeps on a calibration split',
  examples: [
    [
      'quantmcu tune model.tflite --data calib/ --target nano33ble --svg curves.svg -o net',
      'net.tuned.json is what search and classify take as --tuned',
    ],
    [
      'quantmcu tune model.tflite --data calib/ --target f746 --sweep classes --stage 9 --grid 4x4 --cost cycles',
      'classes alone, by emulated cycles saved',
    ],
  ],
  configure,
  async run([model], options, environment) {
    const { host, now, write, writeError, style } = environment;
    for (const warning of calibrationWarnings(options)) writeError(`warning: ${warning}\n`);
    const progress = startProgress(environment);
    const start = now();
    const prepared = await prepare(model!, options, environment, progress);
    const lambda = options.sweep.includes('lambda') ? await tuneLambda(prepared, options, environment) : [];
    const classes = options.sweep.includes('classes') ? await tuneClasses(prepared, options) : [];
    progress.end();
    const [bestLambda, bestClasses] = [pickTuned(lambda), pickTuned(classes.filter(isClassPoint))];
    const tuned: Tuned = {
      ...{ version: 1, model: prepared.network.name },
      ...(bestLambda === undefined ? {} : { lambda: bestLambda.lambda }),
      ...(bestClasses === undefined
        ? {}
        : {
            classes: {
              ...ruleOf(options),
              ...{ flaggedShare: bestClasses.flaggedShare, tau: bestClasses.tau },
            },
          }),
    };
    const stored = options.output === undefined ? undefined : options.output + TUNED_SUFFIX;
    if (stored !== undefined) await host.writeFile(stored, formatTuned(tuned));
    const report = buildTuneReport({
      ...{ model: prepared.network.name, data: options.data, cost: options.cost, rule: options.vdpc },
      ...{ fit: prepared.model.samples.length, heldOut: prepared.heldOut.length },
      lambda: lambda.map(({ widths, ...point }) => ({
        ...{ ...point, maps: mapsOf(widths), chosen: point.lambda === bestLambda?.lambda },
      })),
      classes: classes.map((point) =>
        isClassPoint(point) ? { ...point, chosen: point === bestClasses } : point,
      ),
      chosen: {
        lambda: bestLambda?.lambda ?? null,
        ...{ flaggedShare: bestClasses?.flaggedShare ?? null, tau: bestClasses?.tau ?? null },
      },
      files: {
        ...(stored === undefined ? {} : { tuned: stored }),
        ...(options.svg === undefined ? {} : { svg: options.svg }),
      },
      timing: { seconds: (now() - start) / 1000 },
    });
    if (options.svg !== undefined) await host.writeFile(options.svg, tuneSvg(report));
    write(options.json === true ? formatJson(report) : `${formatTune(report, style)}\n`);
    return EXIT_CODES.success;
  },
});

/** `quantmcu compare`: two requantisation modes of a model, or a plan and the float network that it came from. */
import { type Command, InvalidArgumentError } from 'commander';
import { isDetectionFolder, listDetectionSamples } from '../../data/detection-folder.js';
import { inputSpec } from '../../data/input-spec.js';
import { listSamples } from '../../data/labelled-folder.js';
import { prepareInput } from '../../data/prepare-input.js';
import type { Recipe } from '../../data/recipe.js';
import { compareAccuracy, type LabelledSample } from '../../evaluate/compare-accuracy.js';
import { compareModes, type ModeSample } from '../../evaluate/compare-modes.js';
import { SIMULATION_ENGINES } from '../../evaluate/engines.js';
import { spreadSamples } from '../../evaluate/evaluate.js';
import { readFloatInput } from '../../evaluate/float-inputs.js';
import { buildFloatNetwork } from '../../evaluate/quantize-model.js';
import type { DeployPlan } from '../../ir/deploy-plan.js';
import type { ImportedMode } from '../../numeric/requantize.js';
import { isPlanPath, lowerModel, planModel, readModel } from '../../pipeline.js';
import {
  buildAccuracyComparison,
  formatAccuracyComparison,
} from '../../report/accuracy-comparison-report.js';
import { formatJson } from '../../report/json.js';
import { buildModeComparison, formatModeComparison } from '../../report/mode-comparison-report.js';
import { badInput, EXIT_CODES } from '../../support/errors.js';
import type { Host } from '../../support/host.js';
import {
  addOptions,
  defineCommand,
  dimensionOption,
  jsonOption,
  MODEL_ARGUMENT,
  recipeOptions,
} from '../cli-command.js';
import type { Environment } from '../environment.js';
import { findRecipe } from '../find-recipe.js';
import { readInputs } from '../network-inputs.js';
import { startProgress } from '../progress.js';

type Modes = readonly [ImportedMode, ImportedMode];

import { positiveInteger } from '../option-values.js';

interface CompareOptions {
  readonly modes: Modes;
  readonly data?: string;
  readonly input?: readonly string[];
  readonly skip?: number;
  readonly limit?: number;
  readonly recipe?: string;
  readonly preset?: string;
  readonly dim?: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

const MODE_NAMES: readonly ImportedMode[] = ['tflm', 'single', 'xnnpack'];
/** Feature maps of every layer are compared: some samples say it all. */
const MODE_SAMPLES = 32;

function modePair(text: string): Modes {
  const found = text.split(',').map((name) => MODE_NAMES.find((mode) => mode === name.trim()));
  const [first, second] = found;
  if (found.length === 2 && first !== undefined && second !== undefined && first !== second)
    return [first, second];
  throw new InvalidArgumentError(`expected two of ${MODE_NAMES.join(', ')}, like tflm,xnnpack`);
}

function configure(command: Command): void {
  command
    .argument(...MODEL_ARGUMENT)
    .argument(
      '[plan]',
      'a stored .plan.json made from the model: compares its accuracy with the float network',
    )
    .option('--modes <first,second>', 'requantisation modes to compare', modePair, [
      'tflm',
      'xnnpack',
    ] as const)
    .option('--data <folder>', 'labelled samples, as simulate takes them')
    .option('--input <file...>', 'a picture or tensor per network input, in place of --data')
    .option('--skip <n>', 'leave out the first n samples: those that calibrated', positiveInteger)
    .option('--limit <n>', `this many samples, spread evenly (modes: ${MODE_SAMPLES})`, positiveInteger);
  addOptions(command, [dimensionOption(), ...recipeOptions(), jsonOption()]);
}

interface SampleFile {
  readonly path: string;
  readonly label?: number;
}

async function sampleFiles(
  host: Host,
  folder: string,
  { skip, limit }: Pick<CompareOptions, 'skip' | 'limit'>,
): Promise<readonly SampleFile[]> {
  const all: readonly SampleFile[] = (await isDetectionFolder(host, folder))
    ? (await listDetectionSamples(host, folder)).map(({ path }) => ({ path }))
    : await listSamples(host, folder);
  return spreadSamples(all.slice(skip ?? 0), limit);
}

const labelled = (label: number | undefined, recipe: Recipe): { readonly label?: number } =>
  label === undefined ? {} : { label: label + recipe.labelOffset };

async function* modeSamples(
  host: Host,
  plan: DeployPlan,
  files: readonly SampleFile[],
  recipe: Recipe,
): AsyncGenerator<ModeSample> {
  const spec = inputSpec(plan);
  for (const { path, label } of files) {
    const input = await prepareInput(await host.readFile(path), path, spec, recipe);
    yield { inputs: [input], ...labelled(label, recipe) };
  }
}

async function runModes(model: string, options: CompareOptions, environment: Environment): Promise<number> {
  const { host, now, signal, style } = environment;
  if (isPlanPath(model))
    throw badInput('compare/plan', 'a stored plan has its mode fixed', {
      where: model,
      fix: 'Give the model file, or the model and the plan.',
    });
  const graph = await readModel(host, model, options);
  const [first, second] = options.modes.map((mode) => lowerModel(graph, { mode })) as [
    DeployPlan,
    DeployPlan,
  ];
  const { recipe, source } = await findRecipe(host, model, first, options);
  const files =
    options.data === undefined
      ? []
      : await sampleFiles(host, options.data, { limit: MODE_SAMPLES, ...options });
  const given =
    options.input === undefined ? undefined : await readInputs(host, first, options.input, recipe);
  const samples = given === undefined ? modeSamples(host, first, files, recipe) : [{ inputs: given.bytes }];
  const total = given === undefined ? files.length : 1;
  const progress = startProgress(environment);
  const start = now();
  const result = await compareModes(first, second, samples, {
    ...{ engine: SIMULATION_ENGINES.wasm(), signal, total },
    onProgress: (done, of) => progress.update('comparing', done, of),
  });
  progress.end();
  const report = buildModeComparison({
    ...result,
    ...{ model: first.name, data: given?.source ?? options.data!, recipe: source },
    ...{ requested: total, elapsedMs: now() - start },
  });
  environment.write(options.json === true ? formatJson(report) : `${formatModeComparison(report, style)}\n`);
  return report.complete ? EXIT_CODES.success : EXIT_CODES.interrupted;
}

async function runAccuracy(
  model: string,
  planPath: string,
  options: CompareOptions,
  environment: Environment,
): Promise<number> {
  const { host, now, style } = environment;
  if (options.data === undefined)
    throw badInput('compare/no-samples', 'a plan is compared on a folder of samples', {
      where: planPath,
      fix: 'Give --data folder.',
    });
  const network = buildFloatNetwork(await readModel(host, model, options));
  const { plan } = await planModel(host, planPath, {});
  const { recipe, source } = await findRecipe(host, model, plan, options);
  const files = await sampleFiles(host, options.data, options);
  const progress = startProgress(environment);
  const start = now();
  const samples: LabelledSample[] = [];
  for (const { path, label } of files) {
    const values = await readFloatInput(await host.readFile(path), path, network, recipe);
    samples.push({ values: [values], ...labelled(label, recipe) });
    progress.update('reading', samples.length, files.length);
  }
  const result = await compareAccuracy(network, plan, samples, {
    engine: SIMULATION_ENGINES.wasm(),
    onProgress: (done, total) => progress.update('comparing', done, total),
  });
  progress.end();
  const report = buildAccuracyComparison({
    ...result,
    ...{ model, plan: plan.name, data: options.data, recipe: source, elapsedMs: now() - start },
  });
  environment.write(
    options.json === true ? formatJson(report) : `${formatAccuracyComparison(report, style)}\n`,
  );
  return EXIT_CODES.success;
}

export const compare = defineCommand<CompareOptions>({
  name: 'compare',
  summary: 'why device and Python script disagree, and from which layer on; where a plan loses accuracy',
  examples: [
    ['quantmcu compare model.tflite --modes tflm,xnnpack --data photos/', 'one line, and a row per layer'],
    ['quantmcu compare model.tflite --input image.png', 'the same on one picture'],
    ['quantmcu compare model.onnx net.plan.json --data photos/', 'a plan against its network in float'],
  ],
  configure,
  async run([model, plan], options, environment) {
    if (plan !== undefined) return runAccuracy(model!, plan, options, environment);
    if ((options.data === undefined) === (options.input === undefined))
      throw badInput('compare/no-samples', 'say what to compare on', {
        where: model!,
        expected: 'either --data folder or --input file',
      });
    return runModes(model!, options, environment);
  },
});

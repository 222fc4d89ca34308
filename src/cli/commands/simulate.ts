/** `quantmcu simulate`: accuracy of the integer network over a labelled folder, in WASM. */
import { Option } from 'commander';
import { isDetectionFolder, listDetectionSamples, readClassNames } from '../../data/detection-folder.js';
import { inputSpec } from '../../data/input-spec.js';
import { InputWatch } from '../../data/input-watch.js';
import { listSamples } from '../../data/labelled-folder.js';
import { meanPrecision } from '../../detect/average-precision.js';
import { ENGINE_NAMES, type EngineName } from '../../evaluate/engines.js';
import { evaluateSamples, type RunOptions, spreadSamples } from '../../evaluate/evaluate.js';
import { evaluateDetections } from '../../evaluate/evaluate-detections.js';
import type { ImportedMode } from '../../numeric/requantize.js';
import { planModel } from '../../pipeline.js';
import { buildDetectionReport, formatDetection } from '../../report/detection-report.js';
import { formatJson } from '../../report/json.js';
import { buildSimulateReport, formatSimulate, type SimulateFacts } from '../../report/simulate-report.js';
import type { Style } from '../../report/style.js';
import { EXIT_CODES } from '../../support/errors.js';
import {
  addOptions,
  defineCommand,
  dimensionOption,
  jsonOption,
  MODEL_ARGUMENT,
  modeOption,
  recipeOptions,
} from '../cli-command.js';
import { findRecipe } from '../find-recipe.js';
import { positiveInteger, threadCount } from '../option-values.js';
import { startProgress } from '../progress.js';

interface SimulateOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly data: string;
  readonly skip?: number;
  readonly limit?: number;
  readonly threads: number;
  readonly mode?: ImportedMode;
  readonly recipe?: string;
  readonly preset?: string;
  readonly engine: EngineName;
  readonly json?: boolean;
}

const chosen = <T>(samples: readonly T[], { skip, limit }: SimulateOptions): readonly T[] =>
  spreadSamples(samples.slice(skip ?? 0), limit);

interface Simulation {
  readonly run: RunOptions;
  readonly facts: Pick<SimulateFacts, 'model' | 'mode' | 'data' | 'recipe' | 'threads'>;
  /** To be called when all samples have run. */
  readonly finish: () => { readonly warnings: readonly string[]; readonly elapsedMs: number };
}

async function detector({ run, facts, finish }: Simulation, options: SimulateOptions, style: Style) {
  const samples = chosen(await listDetectionSamples(run.host, options.data), options);
  const { n, classes } = await evaluateDetections({ ...run, samples });
  const names = await readClassNames(run.host, options.data);
  const report = buildDetectionReport({
    ...{ ...facts, n, requested: samples.length },
    classes: classes.map((c) => ({ ...c, name: names.get(c.classId) ?? `class ${c.classId}` })),
    ...{ ...meanPrecision(classes), ...finish() },
  });
  return { report, text: formatDetection(report, style) };
}

async function classifier({ run, facts, finish }: Simulation, options: SimulateOptions, style: Style) {
  const samples = chosen(await listSamples(run.host, options.data), options);
  const ranks = await evaluateSamples({ ...run, samples });
  const { outputs, tensors } = run.plan;
  const classes = tensors[outputs[0]!.tensor]!.shape[2];
  const report = buildSimulateReport({ ...facts, ranks, classes, requested: samples.length, ...finish() });
  return { report, text: formatSimulate(report, style) };
}

export const simulate = defineCommand<SimulateOptions>({
  name: 'simulate',
  summary: 'accuracy of the integer network over a labelled folder, bit-exact, in WebAssembly',
  examples: [
    ['quantmcu simulate model.tflite --data photos/', 'photos/labels.csv has "file,label"'],
    [
      'quantmcu simulate detector.tflite --data coco/ --preset yolov3',
      'a detector: average precision; coco/images, coco/labels and coco/classes.yaml',
    ],
    [
      'quantmcu simulate model.tflite --data photos/ --limit 100 --threads 2',
      'every n-th sample, two threads',
    ],
  ],
  configure: (command) => {
    command.argument(...MODEL_ARGUMENT);
    command.requiredOption(
      '--data <folder>',
      'labels.csv with "file,label", a subfolder per class, or images/ and labels/ with boxes',
    );
    command.option('--skip <n>', 'leave out the first n samples: those that calibrated', positiveInteger);
    command.option('--limit <n>', 'this many samples, spread evenly over the list', positiveInteger);
    command.option('--threads <n>', 'worker threads, at most 64', threadCount, 1);
    addOptions(command, [modeOption(), dimensionOption(), ...recipeOptions()]);
    command.addOption(new Option('--engine <name>', 'what simulates').choices(ENGINE_NAMES).default('wasm'));
    command.addOption(jsonOption());
  },
  async run([model], options, environment) {
    const { host, now, signal } = environment;
    const { plan } = await planModel(host, model!, options);
    const { recipe, source } = await findRecipe(host, model!, plan, options);
    const progress = startProgress(environment);
    const watch = new InputWatch();
    const warnings = (): string[] => {
      const found = watch.warnings(inputSpec(plan), source);
      for (const warning of found) environment.writeError(`warning: ${warning}\n`);
      return found;
    };
    const run: RunOptions = {
      ...{ plan, recipe, host, signal, watch },
      engine: options.engine,
      threads: options.threads,
      onProgress: (done, total) => progress.update('simulating', done, total),
    };
    const start = now();
    const finish = () => {
      progress.end();
      return { warnings: warnings(), elapsedMs: now() - start };
    };
    const how = { model: plan.name, mode: plan.requantization, data: options.data, recipe: source };
    const facts = { ...how, threads: options.threads };
    const simulated = (await isDetectionFolder(host, options.data)) ? detector : classifier;
    const { report, text } = await simulated({ run, facts, finish }, options, environment.style);
    environment.write(options.json === true ? formatJson(report) : `${text}\n`);
    return report.complete ? EXIT_CODES.success : EXIT_CODES.interrupted;
  },
});

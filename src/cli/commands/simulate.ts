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
import { buildSimulateReport, formatSimulate } from '../../report/simulate-report.js';
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
    if (await isDetectionFolder(host, options.data)) {
      const samples = chosen(await listDetectionSamples(host, options.data), options);
      const result = await evaluateDetections({ ...run, samples });
      progress.end();
      const names = await readClassNames(host, options.data);
      const report = buildDetectionReport({
        model: plan.name,
        mode: plan.requantization,
        data: options.data,
        recipe: source,
        threads: options.threads,
        n: result.n,
        requested: samples.length,
        classes: result.classes.map((c) => ({ ...c, name: names.get(c.classId) ?? `class ${c.classId}` })),
        ...meanPrecision(result.classes),
        warnings: warnings(),
        elapsedMs: now() - start,
      });
      environment.write(
        options.json === true ? formatJson(report) : `${formatDetection(report, environment.style)}\n`,
      );
      return report.complete ? EXIT_CODES.success : EXIT_CODES.interrupted;
    }
    const samples = chosen(await listSamples(host, options.data), options);
    const ranks = await evaluateSamples({ ...run, samples });
    progress.end();
    const report = buildSimulateReport({
      model: plan.name,
      mode: plan.requantization,
      data: options.data,
      recipe: source,
      threads: options.threads,
      ranks,
      classes: plan.tensors[plan.outputs[0]!.tensor]!.shape[2],
      requested: samples.length,
      warnings: warnings(),
      elapsedMs: now() - start,
    });
    environment.write(
      options.json === true ? formatJson(report) : `${formatSimulate(report, environment.style)}\n`,
    );
    return report.complete ? EXIT_CODES.success : EXIT_CODES.interrupted;
  },
});

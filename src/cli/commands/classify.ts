/** `quantmcu classify`: which patch positions keep 8 bits, by value-driven patch classification; and the mixed plan. */
import type { Command } from 'commander';
import type { Recipe } from '../../data/recipe.js';
import { type CalibratedModel, calibrateModel, floatModel } from '../../evaluate/calibrate-model.js';
import {
  type ClassifiedModel,
  classifyModel,
  type PatchRequest,
  quantizeClassified,
} from '../../evaluate/classify-model.js';
import { DEFAULT_CLASSIFY_OPTIONS } from '../../evaluate/classify-patches.js';
import type { FloatNetwork } from '../../ir/float-network.js';
import type { Width } from '../../numeric/widths.js';
import { readModel, storePlan } from '../../pipeline.js';
import { type ClassifyReport, formatClassify, heatMapSvg } from '../../report/classify-report.js';
import { formatJson } from '../../report/json.js';
import { badInput, EXIT_CODES } from '../../support/errors.js';
import {
  type CalibrationOptions,
  calibrationWarnings,
  inputModeOption,
  requireModel,
  selectionOf,
} from '../calibration-options.js';
import { type ClassesCliOptions, chosenClasses, classesOptions } from '../classes-option.js';
import { addOptions, defineCommand, dimensionOption, jsonOption, recipeOptions } from '../cli-command.js';
import type { Environment } from '../environment.js';
import { findRecipe, storeRecipe } from '../find-recipe.js';
import { findTuned } from '../find-tuned.js';
import { byteSize, gridSize, positiveInteger, width } from '../option-values.js';
import { type Progress, startProgress } from '../progress.js';

interface ClassifyCommandOptions extends CalibrationOptions, ClassesCliOptions {
  readonly tuned?: string;
  readonly runTime?: boolean;
  readonly sram?: number;
  readonly stage?: number;
  readonly grid?: readonly [number, number];
  readonly input?: 'resident' | 'streamed';
  readonly narrow: Width;
  readonly w: Width;
  readonly output?: string;
  readonly svg?: string;
}

function configure(command: Command): void {
  command
    .argument('<model>', 'a .tflite or .onnx model, float or quantised')
    .requiredOption('--data <folder>', 'calibration data, never test data; labels are not used');
  addOptions(command, classesOptions(`what decides (default: ${DEFAULT_CLASSIFY_OPTIONS.rule})`));
  command
    .option('--tuned <file>', 'rule, share and τ as quantmcu tune chose them; other options come first')
    .option(
      '--run-time',
      'outlier, input: the firmware decides for every image; both alternatives are in flash',
    )
    .option('--sram <bytes>', 'choose the stage for this much memory, like 256K', byteSize)
    .option('--stage <n>', 'exactly this many layers in the stage', positiveInteger)
    .option('--grid <rows×columns>', 'exactly this grid of patches', gridSize)
    .addOption(inputModeOption())
    .option('--narrow <bits>', 'width of the maps of plain branches: 4, 2 or 8', width, 4)
    .option('--w <bits>', 'width of the weights: 8, 4 or 2', width, 8)
    .option('--first <n>', 'calibrate on the first n samples', positiveInteger)
    .option('--limit <n>', 'this many samples, spread evenly over the list', positiveInteger)
    .option('--seed <n>', 'seed of the sampled positions', positiveInteger, 1)
    .option('-o, --output <base>', 'store the mixed plan: base.plan.json, base.plan.bin, base.recipe.json')
    .option('--svg <file>', 'a heat map of the figures over the input');
  addOptions(command, [dimensionOption(), ...recipeOptions(), jsonOption()]);
}

const patchRequest = ({ stage, grid, input, sram }: ClassifyCommandOptions): PatchRequest => ({
  ...(stage === undefined ? {} : { stageLayers: stage }),
  ...(grid === undefined ? {} : { grid }),
  ...(input === undefined ? {} : { input }),
  ...(sram === undefined ? {} : { budgetBytes: sram }),
});

function positionsOf({ layout, classes, figures }: ClassifiedModel): ClassifyReport['positions'] {
  return layout.branches.map(({ row, column }, at) => {
    const { y0, y1, x0, x1 } = layout.owned[at]!.get(layout.cut.input)!;
    const isProtected = classes === undefined ? null : classes[at] === 'protected';
    const tile = [y0, x0, y1 - y0, x1 - x0] as const;
    return { row, column, figure: figures[at]!, protected: isProtected, tile };
  });
}

function stageFacts(network: FloatNetwork, found: ClassifiedModel) {
  const { layout, threshold } = found;
  const [height, width] = network.tensors[layout.cut.input]!.shape;
  return {
    ...{ stageLayers: layout.cut.steps, grid: [layout.rows, layout.columns] as const, input: layout.input },
    ...{ inputSize: [height, width] as const, positions: positionsOf(found) },
    ...(threshold === undefined ? {} : { threshold }),
  };
}

/** The plan and its recipe, stored where an output was named. */
async function storeMixed(
  { calibrated, found, recipe }: { calibrated: CalibratedModel; found: ClassifiedModel; recipe: Recipe },
  { output, narrow, w, seed }: ClassifyCommandOptions,
  { host, runBlocking }: Environment,
  progress: Progress,
): Promise<ClassifyReport['files']> {
  if (output === undefined) return {};
  const { plan } = runBlocking(() =>
    quantizeClassified(
      calibrated,
      found,
      { plainBits: narrow, weightBits: w },
      { seed, onProgress: (what) => progress.update(what) },
    ),
  );
  return { plan: await storePlan(host, plan, output), recipe: await storeRecipe(host, output, recipe) };
}

export const classify = defineCommand<ClassifyCommandOptions>({
  name: 'classify',
  summary: 'which patches keep 8 bits (value-driven patch classification), and the mixed plan',
  examples: [
    [
      'quantmcu classify model.tflite --data calib/ --grid 4x4 --stage 9 --svg heat.svg',
      'by measured logit noise, with the heat map',
    ],
    [
      'quantmcu classify model.tflite --data calib/ --vdpc outlier --vdpc-at input --tau 0',
      "the paper's rule",
    ],
    [
      'quantmcu classify model.tflite --data calib/ --vdpc outlier --vdpc-at input --run-time -o net',
      'decided by the firmware, image by image',
    ],
    [
      'quantmcu classify model.tflite --data calib/ --narrow 4 -o net',
      'stores net.plan.json: plain branches at 4 bits',
    ],
  ],
  configure,
  async run([model], options, environment) {
    const { host, write, writeError, style } = environment;
    requireModel('classify', model!, 'a stored plan is quantised already');
    const warnings = calibrationWarnings(options);
    for (const warning of warnings) writeError(`warning: ${warning}\n`);
    const float = floatModel(await readModel(host, model!, options));
    const { recipe } = await findRecipe(host, model!, float.network, options);
    const tuned =
      options.tuned === undefined ? undefined : await findTuned(environment, options.tuned, float.network);
    const classes = chosenClasses(options, tuned);
    const { rule, at } = classes;
    if (options.runTime === true && (rule !== 'outlier' || at !== 'input'))
      throw badInput('classify/run-time', 'only outliers in the input can be looked for at run time', {
        found: `--vdpc ${rule} --vdpc-at ${at}`,
        expected: '--vdpc outlier --vdpc-at input',
      });
    const progress = startProgress(environment);
    const calibrated = await calibrateModel(
      float,
      {
        ...{ host, folder: options.data, recipe },
        ...selectionOf(options),
      },
      { onProgress: (what, done, total) => progress.update(what, done, total) },
    );
    progress.update('classifying');
    const runTime = options.runTime === true;
    const found = environment.runBlocking(() =>
      classifyModel(calibrated, patchRequest(options), {
        ...{ ...DEFAULT_CLASSIFY_OPTIONS, ...classes, runTime },
      }),
    );
    const stored = await storeMixed({ calibrated, found, recipe }, options, environment, progress);
    progress.end();
    const report: ClassifyReport = {
      ...{ model: float.network.name, data: options.data, samples: calibrated.samples.length },
      ...{ rule, at, ...stageFacts(float.network, found) },
      runTime,
      files: { ...stored, ...(options.svg === undefined ? {} : { svg: options.svg }) },
      warnings,
    };
    if (options.svg !== undefined) await host.writeFile(options.svg, heatMapSvg(report));
    write(options.json === true ? formatJson(report) : `${formatClassify(report, style)}\n`);
    return EXIT_CODES.success;
  },
});

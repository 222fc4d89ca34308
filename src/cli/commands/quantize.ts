/** `quantmcu quantize`: a float or int8 model and calibration data → a plan at chosen widths. */
import type { Command } from 'commander';
import { calibrateModel, floatModel } from '../../evaluate/calibrate-model.js';
import { planMemory } from '../../evaluate/plan-memory.js';
import { parseBitAssignment, quantizeCalibrated } from '../../evaluate/quantize-model.js';
import { type BitAssignment, uniformAssignment } from '../../ir/stage-data.js';
import type { Width } from '../../numeric/widths.js';
import { readModel, storePlan } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { buildQuantizeReport, formatQuantize } from '../../report/quantize-report.js';
import { EXIT_CODES } from '../../support/errors.js';
import type { Host } from '../../support/host.js';
import {
  type CalibrationOptions,
  calibrationWarnings,
  requireModel,
  selectionOf,
} from '../calibration-options.js';
import { addOptions, defineCommand, dimensionOption, jsonOption, recipeOptions } from '../cli-command.js';
import { findRecipe, storeRecipe } from '../find-recipe.js';
import { positiveInteger, width } from '../option-values.js';
import { startProgress } from '../progress.js';

interface QuantizeOptions extends CalibrationOptions {
  readonly a: Width;
  readonly w: Width;
  readonly bits?: string;
  readonly ranges?: string;
  readonly output?: string;
}

function configure(command: Command): void {
  command
    .argument('<model>', 'a .tflite or .onnx model, float or quantised')
    .requiredOption('--data <folder>', 'calibration data, never test data; labels are not used')
    .option('--a <bits>', 'width of the feature maps: 8, 4 or 2', width, 8)
    .option('--w <bits>', 'width of the weights: 8, 4 or 2', width, 8)
    .option('--bits <file>', 'widths by feature map and layer, as JSON; the rest takes --a and --w')
    .option('--ranges <file>', 'calibrated ranges: reused when they belong to model and data, else written')
    .option(
      '--first <n>',
      'calibrate on the first n samples; simulate --skip n then tests on the others',
      positiveInteger,
    )
    .option('--limit <n>', 'this many samples, spread evenly over the list', positiveInteger)
    .option('--seed <n>', 'seed of the sampled positions', positiveInteger, 1)
    .option('-o, --output <base>', 'store base.plan.json, base.plan.bin and base.recipe.json');
  addOptions(command, [dimensionOption(), ...recipeOptions(), jsonOption()]);
}

async function readAssignment(host: Host, { a, w, bits }: QuantizeOptions): Promise<BitAssignment> {
  if (bits === undefined) return uniformAssignment(a, w);
  const text = new TextDecoder().decode(await host.readFile(bits));
  return parseBitAssignment(text, bits, { activationBits: a, weightBits: w });
}

export const quantize = defineCommand<QuantizeOptions>({
  name: 'quantize',
  summary: 'a plan at 8, 4 or 2 bits from a float or int8 model and calibration images',
  examples: [
    ['quantmcu quantize model.onnx --data calib/ --preset unit -o net', 'int8; then: simulate net.plan.json'],
    ['quantmcu quantize model.tflite --data calib/ --a 8 --w 4 -o net', '4-bit weights'],
    [
      'quantmcu quantize model.tflite --data calib/ --bits widths.json --ranges ranges.json -o net',
      'mixed widths',
    ],
  ],
  configure,
  async run([model], options, environment) {
    const { host, now, write, writeError, style } = environment;
    requireModel('quantize', model!, 'a stored plan is quantised already');
    const start = now();
    const warnings = calibrationWarnings(options);
    for (const warning of warnings) writeError(`warning: ${warning}\n`);
    const assignment = await readAssignment(host, options);
    const float = floatModel(await readModel(host, model!, options));
    const { recipe, source } = await findRecipe(host, model!, float.network, options);
    const progress = startProgress(environment);
    const calibrated = await calibrateModel(
      float,
      {
        ...{ host, folder: options.data, recipe },
        ...selectionOf(options),
        ...(options.ranges === undefined ? {} : { rangesFile: options.ranges }),
      },
      { onProgress: (what, done, total) => progress.update(what, done, total) },
    );
    const result = environment.runBlocking(() =>
      quantizeCalibrated(calibrated, assignment, {
        seed: options.seed,
        onProgress: (what) => progress.update(what),
      }),
    );
    progress.end();
    const files = {
      ...(options.output === undefined
        ? {}
        : {
            plan: await storePlan(host, result.plan, options.output),
            recipe: await storeRecipe(host, options.output, recipe),
          }),
      ...(options.ranges === undefined ? {} : { ranges: options.ranges }),
    };
    const report = buildQuantizeReport({
      ...{ model: model!, plan: result.plan, data: options.data, recipe: source },
      ...{ samples: calibrated.samples.length, seed: options.seed },
      reconstruction: result.reconstruction.kind,
      trials: result.trials.map(({ reconstruction, noise }) => ({
        reconstruction: reconstruction.kind,
        noise,
      })),
      ...planMemory(result.plan),
      ...{ files, rangesReused: calibrated.rangesReused, warnings, elapsedMs: now() - start },
    });
    write(options.json === true ? formatJson(report) : `${formatQuantize(report, style)}\n`);
    return EXIT_CODES.success;
  },
});

/** `quantmcu search`: widths of feature maps and weights under limits of memory, cost and accuracy → a plan. */
import { storePlan } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { buildSearchReport, formatSearch } from '../../report/search-report.js';
import { EXIT_CODES } from '../../support/errors.js';
import { defineCommand } from '../cli-command.js';
import { storeRecipe } from '../find-recipe.js';
import { runSearch } from '../run-search.js';
import { configureSearch, type SearchCommandOptions } from '../search-options.js';

interface SearchOptions extends SearchCommandOptions {
  readonly output?: string;
}

export const search = defineCommand<SearchOptions>({
  name: 'search',
  summary: 'widths of feature maps and weights under limits of memory, cost and accuracy',
  examples: [
    [
      'quantmcu search model.tflite --data calib/ --target nano33ble --accuracy-drop 1 -o net',
      'the cheapest plan that is predicted to lose at most a point',
    ],
    [
      'quantmcu search model.tflite --data calib/ --test photos/ --target f746 --weights auto',
      'weights searched as well; accuracy on test images',
    ],
    [
      'quantmcu search model.onnx --data calib/ --target f746 --vdpc outlier --accuracy entropy --scope patch',
      'as the paper does it: patches with outliers keep 8 bits, the others’ widths are searched',
    ],
  ],
  configure(command) {
    configureSearch(command);
    command
      .option('--no-emulate', 'leave out cycles and the check of the firmware')
      .option('-o, --output <base>', 'store base.plan.json, base.plan.bin and base.recipe.json');
  },
  async run([model], options, environment) {
    const { host, write, style } = environment;
    const { facts, plan, recipe } = await runSearch(model!, options, environment);
    const stored = options.output === undefined ? null : await storePlan(host, plan, options.output);
    if (options.output !== undefined) await storeRecipe(host, options.output, recipe);
    const report = buildSearchReport({ ...facts, plan: stored });
    write(options.json === true ? formatJson(report) : `${formatSearch(report, style)}\n`);
    if (report.verified === false) return EXIT_CODES.mismatch;
    return report.feasible && report.fits ? EXIT_CODES.success : EXIT_CODES.doesNotFit;
  },
});

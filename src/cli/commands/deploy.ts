/** `quantmcu deploy`: the whole way, search, quantise, generate, compile, emulate, verify, and one report. */
import { formatRecipe } from '../../data/recipe.js';
import { encodePlan, PLAN_JSON_SUFFIX, PLAN_WEIGHTS_SUFFIX } from '../../ir/plan-file.js';
import { formatJson } from '../../report/json.js';
import { buildSearchReport, formatSearch } from '../../report/search-report.js';
import { plainStyle } from '../../report/style.js';
import { formatVerify } from '../../report/verify-text.js';
import { EXIT_CODES, invariant } from '../../support/errors.js';
import { autotuneOption } from '../autotune-option.js';
import { defineCommand } from '../cli-command.js';
import { openTree, writeTree } from '../output-directory.js';
import { runSearch } from '../run-search.js';
import { configureSearch, type SearchCommandOptions } from '../search-options.js';

interface DeployOptions extends SearchCommandOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** Within the folder. */
const BASE = 'network';

export const deploy = defineCommand<DeployOptions>({
  name: 'deploy',
  summary: 'search, quantise, generate, compile, emulate and verify: firmware in a folder, and one report',
  examples: [
    [
      'quantmcu deploy model.tflite --data calib/ --target nano33ble -o out/',
      'out/firmware builds as it stands; out/report.txt says what it keeps and costs',
    ],
    [
      'quantmcu deploy model.onnx --data calib/ --test photos/ --target f746 --accuracy-drop 1 --weights auto -o out/',
      'the cheapest plan that is predicted to lose at most a point',
    ],
    [
      'quantmcu deploy model.tflite --data calib/ --target nano33ble --autotune -o out/',
      'kernels by measured cycles, in the plans at 8 bits that it is compared with as well',
    ],
  ],
  configure(command) {
    configureSearch(command);
    command
      .addOption(autotuneOption())
      .requiredOption('-o, --output <folder>', 'where to; a folder that quantmcu wrote before is replaced')
      .option('--force', 'write into a folder with other files, and keep them');
  },
  async run([model], options, environment) {
    const { host, write, style } = environment;
    const writing = { force: options.force === true };
    const folder = options.output.replace(/(?<=[^/])\/+$/, '');
    await openTree(host, folder, writing);
    const found = await runSearch(model!, { ...options, emulate: true }, environment);
    const { facts, onTarget, plan, recipe } = found;
    invariant(onTarget !== undefined, 'deploy/emulated', 'the firmware was not emulated');
    const report = {
      ...buildSearchReport({ ...facts, plan: `${folder}/${BASE}${PLAN_JSON_SUFFIX}` }),
      folder,
      verify: onTarget.report,
    };
    const text = (paint: typeof style): string =>
      `${formatVerify(onTarget.report, paint)}\n\n${formatSearch(report, paint)}\n`;
    const stored = encodePlan(plan);
    const files = new Map<string, string | Uint8Array>([
      ...[...onTarget.firmware.files].map(([name, contents]) => [`firmware/${name}`, contents] as const),
      ['firmware.elf', onTarget.firmware.elf],
      [BASE + PLAN_JSON_SUFFIX, stored.json],
      [BASE + PLAN_WEIGHTS_SUFFIX, stored.weights],
      [`${BASE}.recipe.json`, formatRecipe(recipe)],
      ['report.json', formatJson(report)],
      ['report.txt', text(plainStyle)],
    ]);
    await writeTree(host, folder, files, writing);
    write(options.json === true ? formatJson(report) : text(style));
    if (report.verified === false) return EXIT_CODES.mismatch;
    return report.feasible && report.fits && onTarget.report.fits
      ? EXIT_CODES.success
      : EXIT_CODES.doesNotFit;
  },
});

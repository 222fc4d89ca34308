/** `quantmcu codegen`: a C project for a board that builds as it stands, with CMake and Make. */
import type { DeployPlan } from '../../ir/deploy-plan.js';
import type { ImportedMode } from '../../numeric/requantize.js';
import { generateProject, planModel, type SelfCheckInput } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { formatPairs } from '../../report/table.js';
import { formatBytes } from '../../report/units.js';
import { EXIT_CODES } from '../../support/errors.js';
import type { Host } from '../../support/host.js';
import { type AutotuneCliOptions, autotuneOptions, measuredKernels } from '../autotune-option.js';
import {
  addOptions,
  defineCommand,
  dimensionOption,
  jsonOption,
  MODEL_ARGUMENT,
  modeOption,
  recipeOptions,
} from '../cli-command.js';
import { boardOption, findTarget, targetOption } from '../find-board.js';
import { findRecipe } from '../find-recipe.js';
import { readInputs } from '../network-inputs.js';
import { positiveInteger } from '../option-values.js';
import { writeTree } from '../output-directory.js';

interface CodegenOptions extends AutotuneCliOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly target?: string;
  readonly board?: string;
  readonly output: string;
  readonly mode?: ImportedMode;
  readonly selfCheck?: boolean;
  readonly input?: readonly string[];
  readonly seed: number;
  readonly recipe?: string;
  readonly preset?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function selfCheckInput(
  host: Host,
  model: string,
  plan: DeployPlan,
  options: CodegenOptions,
): Promise<SelfCheckInput> {
  if (options.input === undefined) return { kind: 'seed', seed: options.seed };
  const { recipe } = await findRecipe(host, model, plan, options);
  const { bytes, source } = await readInputs(host, plan, options.input, recipe);
  return { kind: 'bytes', inputs: bytes, source };
}

export const codegen = defineCommand<CodegenOptions>({
  name: 'codegen',
  summary: 'a C project for a board that builds as it stands, with CMake or Make',
  examples: [
    ['quantmcu codegen model.tflite --target l4r5zi -o firmware/', 'then: make -C firmware'],
    ['quantmcu codegen model.tflite --target l4r5zi --self-check -o check/', 'for verify --log'],
    ['quantmcu codegen model.tflite --board mine.json -o firmware/', 'for a board of your own'],
  ],
  configure: (command) => {
    command
      .argument(...MODEL_ARGUMENT)
      .addOption(targetOption())
      .addOption(boardOption())
      .requiredOption('-o, --output <folder>', 'where to; a folder that quantmcu wrote before is replaced')
      .option('--force', 'write into a folder with other files, and keep them')
      .option('--self-check', 'print a CRC and the cycles of each layer, for verify --log')
      .option('--input <file...>', 'what the self-check computes on (default: random bytes)')
      .option('--seed <n>', 'seed of the random bytes', positiveInteger, 1);
    const input = [modeOption(), dimensionOption(), ...recipeOptions()];
    addOptions(command, [...input, ...autotuneOptions(), jsonOption()]);
  },
  async run([model], options, environment) {
    const { host, write, style } = environment;
    const board = await findTarget(host, options);
    const { plan } = await planModel(host, model!, options);
    const selfCheck =
      options.selfCheck === true ? await selfCheckInput(host, model!, plan, options) : undefined;
    const { bound, files } = generateProject(plan, board, {
      ...(await measuredKernels(plan, board, options, environment)),
      ...(selfCheck === undefined ? {} : { selfCheck }),
    });
    await writeTree(host, options.output, files, { force: options.force === true });
    const report = {
      target: board.id,
      mode: plan.requantization,
      folder: options.output,
      files: [...files.keys()],
      arenaBytes: bound.arenaBytes,
      constantBytes: bound.constants.length,
    };
    const [folder, build] = [quoted(options.output), quoted(`${options.output.replace(/\/+$/, '')}/build`)];
    const text = formatPairs(
      [
        ['wrote', `${style('bold', options.output)}: ${report.files.length} files for ${board.name}`],
        ['arena', formatBytes(report.arenaBytes)],
        ['constants', formatBytes(report.constantBytes)],
        ['build', `make -C ${folder}, or cmake -S ${folder} -B ${build} && cmake --build ${build}`],
      ],
      style,
    );
    write(options.json === true ? formatJson(report) : `${text}\n`);
    return EXIT_CODES.success;
  },
});

/** As one word of a shell. */
const quoted = (path: string): string =>
  /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

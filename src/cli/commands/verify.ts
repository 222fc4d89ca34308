/** `quantmcu verify`: simulate, generate, compile, emulate, compare; two verdicts. */
import { type Command, Option } from 'commander';
import {
  EMULATION_CHOICES,
  type EmulationChoice,
  type LogFile,
  planModel,
  readBoardLog,
  verifyPlan,
} from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import type { VerifyReport } from '../../report/verify-report.js';
import { formatVerify } from '../../report/verify-text.js';
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
import { randomInputs, readInputs } from '../network-inputs.js';
import { positiveInteger } from '../option-values.js';
import { openTree, writeTree } from '../output-directory.js';
import { startProgress } from '../progress.js';

interface VerifyOptions extends AutotuneCliOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly target?: string;
  readonly board?: string;
  readonly input?: readonly string[];
  readonly seed: number;
  readonly engine?: EmulationChoice;
  readonly mode?: 'tflm' | 'single';
  readonly recipe?: string;
  readonly preset?: string;
  readonly log?: string;
  readonly keep?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

function configure(command: Command): void {
  command
    .argument(...MODEL_ARGUMENT)
    .addOption(targetOption())
    .addOption(boardOption())
    .option('--input <file...>', 'picture or tensor, one per network input (default: random bytes)')
    .option('--seed <n>', 'seed of the random bytes', positiveInteger, 1)
    .addOption(
      new Option('--engine <name>', 'what emulates the core (default: builtin)').choices(EMULATION_CHOICES),
    )
    .addOption(new Option('--toolchain <name>', 'compiler (default: gcc if there)').choices(['gcc', 'zig']));
  addOptions(command, [modeOption(), dimensionOption(), ...recipeOptions(), ...autotuneOptions()])
    .option('--log <file>', 'compare with what codegen --self-check firmware printed on a board')
    .option('--keep <folder>', 'keep the generated project and firmware.elf')
    .option('--force', 'keep them even in a folder with other files')
    .addOption(jsonOption());
}

const exitCodeOf = ({ ok, fits, problems }: VerifyReport): number => {
  if (problems.length > 0) return EXIT_CODES.fault;
  if (!ok) return EXIT_CODES.mismatch;
  return fits ? EXIT_CODES.success : EXIT_CODES.doesNotFit;
};

async function readLog(host: Host, path: string | undefined): Promise<LogFile | undefined> {
  if (path === undefined) return undefined;
  return { name: path, text: new TextDecoder('latin1').decode(await host.readFile(path)) };
}

export const verify = defineCommand<VerifyOptions>({
  name: 'verify',
  summary: 'simulate, generate, compile, emulate, and compare every feature map byte for byte',
  examples: [
    ['quantmcu verify model.tflite --target l4r5zi --input photo.png', 'on an emulated NUCLEO-L4R5ZI'],
    ['quantmcu verify model.tflite --target f746 --keep out/', 'random input; keeps project and ELF'],
    ['quantmcu verify model.tflite --log board.txt', 'with what a board printed, see codegen --self-check'],
    ['quantmcu verify model.tflite --target l4r5zi --autotune', 'kernels by measured cycles, and why'],
    [
      'quantmcu verify model.plan.json --board mine.json --json',
      'a stored plan, a board of your own, as data',
    ],
  ],
  configure,
  async run([model], options, environment) {
    const { host, now, style, write } = environment;
    const log = await readLog(host, options.log);
    const target = options.target ?? (log === undefined ? undefined : readBoardLog(log).board);
    const board = await findTarget(host, target === undefined ? options : { ...options, target });
    const keeping = { force: options.force === true };
    if (options.keep !== undefined) await openTree(host, options.keep, keeping);
    const { plan } = await planModel(host, model!, options);
    const { recipe } = await findRecipe(host, model!, plan, options);
    const inputs =
      options.input === undefined
        ? randomInputs(plan, options.seed)
        : await readInputs(host, plan, options.input, recipe);
    const measured = await measuredKernels(plan, board, options, environment);
    const progress = startProgress(environment);
    const { report, firmware } = await verifyPlan(host, plan, board, {
      inputs: inputs.bytes,
      inputName: inputs.source,
      now,
      onProgress: progress.update,
      runBlocking: environment.runBlocking,
      ...measured,
      ...(options.engine === undefined ? {} : { engine: options.engine }),
      ...(options.toolchain === undefined ? {} : { toolchain: options.toolchain }),
      ...(log === undefined ? {} : { log }),
    }).finally(progress.end);
    if (options.keep !== undefined) {
      const kept = new Map<string, string | Uint8Array>([...firmware.files, ['firmware.elf', firmware.elf]]);
      await writeTree(host, options.keep, kept, keeping);
    }
    write(options.json === true ? formatJson(report) : `${formatVerify(report, style)}\n`);
    return exitCodeOf(report);
  },
});

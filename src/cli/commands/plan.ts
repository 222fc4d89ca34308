/** `quantmcu plan`: patches or line buffers for the first layers; SRAM against redundant computation. */
import { type Command, Option } from 'commander';
import { measureCycles } from '../../evaluate/measure-cycles.js';
import type { DeployPlan } from '../../ir/deploy-plan.js';
import type { ImportedMode } from '../../numeric/requantize.js';
import {
  drawPlan,
  planModel,
  planStages,
  planStagesByCycles,
  type StagedPlan,
  type StageOptions,
  storePlan,
} from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { formatPlan } from '../../report/plan-report.js';
import { noCache } from '../../support/cache.js';
import { EXIT_CODES } from '../../support/errors.js';
import { BOARDS } from '../../targets/index.js';
import { inputModeOption } from '../calibration-options.js';
import { defineCommand, dimensionOption, jsonOption, MODEL_ARGUMENT, modeOption } from '../cli-command.js';
import type { Environment } from '../environment.js';
import { boardOption, findTarget, targetOption } from '../find-board.js';
import { carryRecipe } from '../find-recipe.js';
import { byteSize, gridSize, positiveInteger } from '../option-values.js';

interface PlanOptions {
  readonly sram?: number;
  readonly flash?: number;
  readonly target?: string;
  readonly board?: string;
  readonly cost: 'macs' | 'bitops' | 'cycles';
  readonly kind?: 'layers' | 'patches' | 'streaming';
  readonly stage?: number;
  readonly grid?: readonly [number, number];
  readonly rows?: number;
  readonly input?: 'resident' | 'streamed';
  readonly output?: string;
  readonly svg?: string;
  readonly mode?: ImportedMode;
  readonly dim?: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

function configure(command: Command): void {
  command
    .argument(...MODEL_ARGUMENT)
    .option('--sram <bytes>', 'SRAM for arena and stack, like 256K (default: the target’s)', byteSize)
    .option('--flash <bytes>', 'flash for the constants, like 1M (default: the target’s)', byteSize)
    .addOption(targetOption())
    .addOption(boardOption())
    .addOption(
      new Option('--cost <cost>', 'what is to be small; cycles are measured on the emulated core')
        .choices(['macs', 'bitops', 'cycles'])
        .default('macs'),
    )
    .addOption(new Option('--kind <kind>', 'only this kind').choices(['layers', 'patches', 'streaming']))
    .option('--stage <n>', 'exactly this many layers in the stage', positiveInteger)
    .option('--grid <rows×columns>', 'exactly this grid of patches', gridSize)
    .option('--rows <n>', 'line buffers that compute exactly this many rows a step', positiveInteger)
    .addOption(inputModeOption())
    .option('-o, --output <base>', 'store the chosen plan as base.plan.json and base.plan.bin')
    .option(
      '--svg <file>',
      'a picture: memory over time, patches, width of every feature map of every branch',
    )
    .addOption(modeOption())
    .addOption(dimensionOption())
    .addOption(jsonOption());
}

/** What the user asks of the stage; a board lends its memories where none are stated. */
async function stageOptions(options: PlanOptions, { host }: Environment): Promise<StageOptions> {
  const named = options.target !== undefined || options.board !== undefined;
  const board = named ? await findTarget(host, options) : undefined;
  const sramBytes = options.sram ?? board?.sram.bytes;
  const flashBytes = options.flash ?? board?.flash.bytes;
  return {
    ...(options.cost === 'cycles' ? {} : { cost: options.cost }),
    ...(board === undefined ? {} : { board }),
    ...(sramBytes === undefined ? {} : { sramBytes }),
    ...(flashBytes === undefined ? {} : { flashBytes }),
    ...(options.kind === undefined ? {} : { kinds: [options.kind] }),
    ...(options.stage === undefined ? {} : { stageLayers: options.stage }),
    ...(options.grid === undefined ? {} : { grid: options.grid }),
    ...(options.rows === undefined ? {} : { rowsPerStep: options.rows }),
    ...(options.input === undefined ? {} : { input: options.input }),
  };
}

/** A stored plan with a stage is not planned again, but it can be drawn. */
const isDrawing = (options: PlanOptions): options is PlanOptions & { readonly svg: string } =>
  options.svg !== undefined &&
  [options.kind, options.stage, options.grid, options.rows, options.input, options.output].every(
    (option) => option === undefined,
  );

/** Cycles are those of the board that is stated, else of a Cortex-M4. */
async function stagesOf(
  whole: DeployPlan,
  asked: StageOptions,
  { cost }: PlanOptions,
  { host, now, runBlocking }: Environment,
): Promise<StagedPlan> {
  if (cost !== 'cycles') return planStages(whole, asked);
  const board = asked.board ?? BOARDS.find(({ core }) => core === 'm4')!;
  return planStagesByCycles(whole, asked, (plan) =>
    measureCycles(host, plan, board, { cache: noCache, now, runBlocking }),
  );
}

export const plan = defineCommand<PlanOptions>({
  name: 'plan',
  summary: 'run the first layers patch by patch or row by row: SRAM against redundant computation',
  examples: [
    ['quantmcu plan model.tflite --sram 256K', 'the cheapest plan within 256 KiB, and the frontier'],
    [
      'quantmcu plan model.tflite --target nano33ble -o out/net',
      'stores out/net.plan.json: every command takes it',
    ],
    [
      'quantmcu plan model.tflite --grid 4x4 --stage 13 --input streamed --svg plan.svg',
      'one plan, and its picture',
    ],
    ['quantmcu plan model.tflite --sram 128K --cost cycles', 'the fastest plan, as emulated'],
    [
      'quantmcu plan net.plan.json --svg net.svg',
      'a stored plan, drawn with the width of every map of every branch',
    ],
  ],
  configure,
  async run([model], options, environment) {
    const { host, write, style } = environment;
    const asked = await stageOptions(options, environment);
    const { plan: whole } = await planModel(host, model!, options);
    if (whole.patchStage !== undefined && isDrawing(options)) {
      await host.writeFile(options.svg, drawPlan(whole, asked.board));
      write(options.json === true ? formatJson({ model: whole.name, svg: options.svg }) : `${options.svg}\n`);
      return EXIT_CODES.success;
    }
    const planned = await stagesOf(whole, asked, options, environment);
    const planFile =
      options.output === undefined ? undefined : await storePlan(host, planned.plan, options.output);
    if (options.output !== undefined) await carryRecipe(host, model!, options.output);
    if (options.svg !== undefined) await host.writeFile(options.svg, planned.svg());
    const report = { ...planned.report, ...(planFile === undefined ? {} : { planFile }) };
    write(options.json === true ? formatJson(report) : `${formatPlan(report, style)}\n`);
    return report.advice.length === 0 ? EXIT_CODES.success : EXIT_CODES.doesNotFit;
  },
});

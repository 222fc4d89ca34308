/** `quantmcu regress`: bytes and costs of networks and kernels against a baseline; a gate for pull requests. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Baseline,
  COSTS,
  type Cost,
  type Costs,
  type KernelSubject,
  type Observed,
  type PlanSubject,
  type Subjects,
} from '../../ir/baseline.js';
import { FIRMWARE_MODES } from '../../numeric/requantize.js';
import {
  BENCH_LAYERS,
  isPlanPath,
  measureKernels,
  measureNetwork,
  type ObservedWith,
  planModel,
  widthsOf,
} from '../../pipeline.js';
import { decodeBaseline, encodeBaseline } from '../../regress/baseline.js';
import { compareWith } from '../../regress/compare.js';
import { formatJson } from '../../report/json.js';
import { buildRegressReport, formatRegress, type RegressReport } from '../../report/regress-report.js';
import { badInput, bug, EXIT_CODES } from '../../support/errors.js';
import type { Host } from '../../support/host.js';
import { CORE_IDS } from '../../targets/index.js';
import { defineCommand, jsonOption, modeOption } from '../cli-command.js';
import type { Environment } from '../environment.js';
import { boardOption, findTarget } from '../find-board.js';
import { randomInputs } from '../network-inputs.js';
import { positiveInteger } from '../option-values.js';
import { startProgress } from '../progress.js';

interface RegressOptions {
  readonly baseline: string;
  readonly update?: boolean;
  readonly target: readonly string[];
  readonly board?: string;
  readonly mode?: 'tflm' | 'single';
  readonly seed: number;
  readonly kernels?: readonly string[];
  readonly core: readonly string[];
  readonly kernelMode: readonly string[];
  readonly shape: string;
  readonly bound?: Costs;
  readonly toolchain?: 'gcc' | 'zig';
  readonly inform?: boolean;
  readonly json?: boolean;
}

/** The compiler that comes from npm is the same everywhere; the system's is whatever the system has. */
const GATING_TOOLCHAIN = 'zig';
const INFORMING_TOOLCHAIN = 'gcc';
const ALL_WIDTHS = [...new Set(BENCH_LAYERS.map(widthsOf))];

/** `cycles=1`, repeatable. */
function parseBound(text: string, before: Costs = {}): Costs {
  const [name, percent] = text.split('=');
  const cost = COSTS.find((known) => known === name || known === `${name}Bytes`);
  const value = Number(percent);
  if (cost === undefined || percent === undefined || !(value >= 0)) {
    throw new InvalidArgumentError(`expected cost=percent; costs are ${COSTS.map(shortName).join(', ')}`);
  }
  return { ...before, [cost]: value };
}

const shortName = (cost: Cost): string => cost.replace('Bytes', '');

function configure(command: Command): void {
  command
    .argument('[model...]', 'with --update: models or stored plans to be measured')
    .requiredOption('--baseline <file>', 'the baseline, a JSON file in your repository')
    .option('--update', 'measure and write the baseline, of what is named here or of what it names already')
    .option('--target <board...>', 'with --update: boards that the models are measured on', ['l4r5zi'])
    .addOption(boardOption())
    .addOption(modeOption())
    .option('--seed <n>', 'with --update: seed of inputs and weights', positiveInteger, 1)
    .addOption(
      new Option('--kernels <widths...>', 'with --update: kernels of these widths, too').choices(ALL_WIDTHS),
    )
    .addOption(new Option('--core <core...>', 'with --kernels').choices(CORE_IDS).default(['m4']))
    .addOption(
      new Option('--kernel-mode <mode...>', 'with --kernels')
        .choices(FIRMWARE_MODES)
        .default(['mulhi', 'tflm']),
    )
    .option('--shape <text>', 'with --kernels: only layers whose name contains it', '')
    .option(
      '--bound <cost=percent>',
      'with --update: how much a cost may grow (repeatable; default: 0)',
      parseBound,
    )
    .addOption(
      new Option(
        '--toolchain <name>',
        `with --update: the compiler that gates (default: ${GATING_TOOLCHAIN})`,
      ).choices(['gcc', 'zig']),
    )
    .option('--inform', `costs by ${INFORMING_TOOLCHAIN} as well, which do not gate`)
    .addOption(jsonOption());
}

/** A stored plan has its own. */
const STORED_MODE = 'as stored';

function modeOf({ model, mode }: PlanSubject): { readonly mode?: 'tflm' | 'single' } {
  if (mode === 'tflm' || mode === 'single') return { mode };
  if (mode === STORED_MODE) return {};
  throw badInput('regress/baseline', 'no such mode', { where: model, found: mode, expected: 'tflm, single' });
}

const networkName = ({ model, target, mode }: PlanSubject): string => `${model} on ${target}, ${mode}`;

/** What the command line names; empty when it names nothing. */
function namedSubjects(models: readonly string[], options: RegressOptions): Subjects {
  const { seed, kernels, core, kernelMode, shape, mode = 'tflm', target } = options;
  const plans = models.flatMap((model) =>
    target.map((board): PlanSubject => {
      const own = isPlanPath(model) ? STORED_MODE : mode;
      return { model, target: board, mode: own, seed };
    }),
  );
  const kernel: KernelSubject = { cores: core, modes: kernelMode, widths: kernels ?? [], shape, seed };
  return { plans, kernels: kernels === undefined ? [] : [kernel] };
}

const isEmpty = ({ plans, kernels }: Subjects): boolean => plans.length + kernels.length === 0;

async function readBaseline(host: Host, options: RegressOptions): Promise<Baseline | undefined> {
  if (await host.exists(options.baseline)) {
    return decodeBaseline(new TextDecoder().decode(await host.readFile(options.baseline)), options.baseline);
  }
  if (options.update === true) return undefined;
  throw badInput('regress/no-baseline', 'there is no baseline', {
    where: options.baseline,
    fix: 'Make one: quantmcu regress model.tflite --target l4r5zi --baseline file --update',
  });
}

/** What is measured, and by whom. */
function settle(
  models: readonly string[],
  options: RegressOptions,
  before: Baseline | undefined,
): Pick<Baseline, 'toolchain' | 'bounds' | 'subjects'> {
  const named = namedSubjects(models, options);
  if (
    options.update !== true &&
    (!isEmpty(named) || options.bound !== undefined || options.toolchain !== undefined)
  ) {
    throw badInput(
      'regress/subjects',
      'what is measured, by what and within which bounds stands in the baseline',
      {
        where: options.baseline,
        fix: 'Add --update to change it.',
      },
    );
  }
  const subjects = isEmpty(named) ? before?.subjects : named;
  if (subjects === undefined || isEmpty(subjects)) {
    throw badInput('regress/subjects', 'there is nothing to measure', {
      fix: 'Name a model, or --kernels a8w8.',
    });
  }
  return {
    toolchain: options.toolchain ?? before?.toolchain ?? GATING_TOOLCHAIN,
    bounds: options.bound ?? before?.bounds ?? {},
    subjects,
  };
}

async function measureAll(
  { host, now, runBlocking }: Environment,
  subjects: Subjects,
  toolchain: string,
  options: RegressOptions,
  onProgress: (what: string) => void,
): Promise<ObservedWith> {
  const measuring = { toolchain, now, runBlocking, onProgress };
  const all: ObservedWith[] = [];
  for (const subject of subjects.plans) {
    const { plan } = await planModel(host, subject.model, modeOf(subject));
    const board = await findTarget(host, { ...options, target: subject.target });
    const inputs = randomInputs(plan, subject.seed).bytes;
    all.push(await measureNetwork(host, { name: networkName(subject), plan, board, inputs }, measuring));
  }
  for (const subject of subjects.kernels) all.push(await measureKernels(host, subject, measuring));
  const [first] = all;
  if (first === undefined) throw bug('regress/nothing', 'no subject was measured');
  return { compiler: first.compiler, observed: all.flatMap(({ observed }) => observed) };
}

const stored = (observed: readonly Observed[]): Baseline['measured'] =>
  observed.map(({ name, outputs, costs }) => ({ name, outputs, costs }));

export const regress = defineCommand<RegressOptions>({
  name: 'regress',
  summary: 'bytes, cycles, stack, arena and flash against a baseline: a gate for pull requests',
  examples: [
    [
      'quantmcu regress model.tflite --target l4r5zi --baseline costs.json --update',
      'measures a network and writes the baseline',
    ],
    ['quantmcu regress --baseline costs.json', 'fails when a byte differs or a cost grew; prints Markdown'],
    ['quantmcu regress --kernels a8w8 a4w4 --baseline kernels.json --update', 'the same for kernels'],
  ],
  configure,
  async run(args, options, environment) {
    // A variadic argument comes as one list.
    const models = args.flat();
    const { host, write } = environment;
    const before = await readBaseline(host, options);
    const { toolchain, bounds, subjects } = settle(models, options, before);
    const progress = startProgress(environment);
    const measure = (by: string): Promise<ObservedWith> =>
      measureAll(environment, subjects, by, options, progress.update);
    const canInform = options.inform === true && (await host.findProgram('arm-none-eabi-gcc')) !== undefined;
    const { gating, informing } = await (async () => ({
      gating: await measure(toolchain),
      informing: canInform ? await measure(INFORMING_TOOLCHAIN) : undefined,
    }))().finally(progress.end);
    const isOther = before !== undefined && before.compiler !== gating.compiler;
    const report = buildRegressReport({
      baseline: options.baseline,
      compiler: gating.compiler,
      compilerOfBaseline: isOther && options.update !== true ? before.compiler : null,
      bounds,
      subjects: compareWith(before?.measured ?? [], gating.observed, bounds),
      informs:
        informing === undefined
          ? null
          : {
              compiler: informing.compiler,
              subjects: compareWith(before?.informs?.measured ?? [], informing.observed, bounds),
            },
    });
    write(options.json === true ? formatJson(report) : `${formatRegress(report)}\n`);
    if (options.update !== true) return report.ok ? EXIT_CODES.success : EXIT_CODES.mismatch;
    return update(host, options.baseline, report, {
      ...{ toolchain, bounds, subjects, compiler: gating.compiler, measured: stored(gating.observed) },
      ...(informing === undefined
        ? {}
        : { informs: { compiler: informing.compiler, measured: stored(informing.observed) } }),
    });
  },
});

/** A baseline is never made of wrong bytes. */
async function update(host: Host, path: string, report: RegressReport, baseline: Baseline): Promise<number> {
  if (report.subjects.some(({ verdict }) => verdict === 'wrong')) return EXIT_CODES.mismatch;
  await host.writeFile(path, encodeBaseline(baseline));
  return EXIT_CODES.success;
}

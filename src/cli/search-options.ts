/** Options that `search` and `deploy` share, and what they mean together. */
import { type Command, Option } from 'commander';
import type { CycleMeter } from '../evaluate/cycle-costs.js';
import { type MeasureOptions, measureStepCycles } from '../evaluate/measure-cycles.js';
import { checkNoise, type NoiseSource } from '../evaluate/plan-noise.js';
import type { SearchClasses } from '../evaluate/search-classes.js';
import type { SearchOptions } from '../evaluate/search-model.js';
import type { SearchScope } from '../evaluate/search-problem.js';
import type { AccuracyGoal } from '../evaluate/search-widths.js';
import { type StageOption, stageKinds } from '../evaluate/stage-options.js';
import type { Tuned } from '../evaluate/tuned-file.js';
import {
  DEFAULT_LAMBDA,
  SEARCH_METHOD_NAMES,
  SEARCH_METHODS,
  type SearchMethodName,
} from '../search/methods.js';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import type { Board } from '../targets/index.js';
import {
  type CalibrationOptions,
  evaluationsOption,
  measuringOptions,
  noiseImagesOption,
  noiseOption,
  scopeOption,
  stageKindOption,
  weightsOption,
} from './calibration-options.js';
import { type ClassesCliOptions, chosenClasses, classesOptions } from './classes-option.js';
import { addOptions, dimensionOption, jsonOption, recipeOptions } from './cli-command.js';
import { boardOption, targetOption } from './find-board.js';
import { byteSize, numberBetween, wholeNumber } from './option-values.js';

export interface SearchCommandOptions extends CalibrationOptions, ClassesCliOptions {
  readonly test?: string;
  readonly target?: string;
  readonly board?: string;
  readonly sram?: number;
  readonly flash?: number;
  readonly accuracyDrop?: number;
  readonly agreement?: number;
  readonly cost?: 'bitops' | 'cycles';
  readonly costShare: number;
  readonly latency?: number;
  readonly method: SearchMethodName;
  readonly accuracy?: 'noise' | 'entropy';
  readonly scope: SearchScope;
  readonly weights: '8' | 'auto';
  readonly stage: StageOption;
  readonly lambda?: number;
  readonly tuned?: string;
  readonly evaluations: number;
  readonly noiseImages: number;
  readonly noise: NoiseSource;
  readonly refine?: number;
  readonly squeeze: number;
  readonly cache: string;
  readonly threads?: number;
  readonly emulate: boolean;
  readonly autotune?: boolean;
}

/** Under a bound of accuracy. */
const DEFAULT_REFINEMENTS = 3;

/** Options that `search` and `deploy` share. */
export function configureSearch(command: Command): void {
  command
    .argument('<model>', 'a .tflite or .onnx model, float or quantised')
    .requiredOption('--data <folder>', 'calibration data, never test data; labels are not used')
    .option('--test <folder>', 'labelled samples: accuracy of the plan found against the float network')
    .addOption(targetOption())
    .addOption(boardOption())
    .option('--sram <bytes>', 'SRAM for arena and stack, like 256K (default: the target’s)', byteSize)
    .option('--flash <bytes>', 'flash for the constants, like 1M; judged of the plan found', byteSize)
    .option(
      '--accuracy-drop <points>',
      'the cheapest widths that lose no more top-1 on calibration images',
      numberBetween(0, 100),
    )
    .option(
      '--agreement <percent>',
      'the cheapest widths that keep so many answers on calibration images',
      numberBetween(0, 100),
    )
    .addOption(
      new Option(
        '--cost <unit>',
        'what is saved: BitOPs, or cycles of the target’s core (default: bitops)',
      ).choices(['bitops', 'cycles']),
    )
    .option('--cost-share <share>', 'at most this share of the cost at 8 bits', numberBetween(0.01, 1), 1)
    .option(
      '--latency <ms>',
      'at most so long on the target, by its cycle estimate',
      numberBetween(0.001, 1e7),
    )
    .addOption(
      new Option('--method <name>', 'how widths are chosen').choices(SEARCH_METHOD_NAMES).default('vdqs'),
    )
    .addOption(
      new Option('--accuracy <term>', 'of vdqs: measured logit noise, or the paper’s entropy').choices([
        'noise',
        'entropy',
      ]),
    )
    .addOption(scopeOption())
    .addOption(weightsOption())
    .addOption(stageKindOption('--stage'))
    .option(
      '--lambda <λ>',
      `weight of entropy against BitOPs in the paper’s score (default: ${DEFAULT_LAMBDA})`,
      numberBetween(0, 1),
    )
    .option('--tuned <file>', 'λ, and with --vdpc share and τ, as quantmcu tune chose them')
    .addOption(evaluationsOption())
    .addOption(noiseImagesOption())
    .addOption(noiseOption())
    .option(
      '--refine <n>',
      `plans quantised besides the first: under a bound of accuracy to meet it (default: ${DEFAULT_REFINEMENTS}), else ` +
        'for less noise within the other limits, greedy widths and uniform ones first, the best more than once (default: 0)',
      wholeNumber,
    )
    .option(
      '--squeeze <n>',
      'further plans quantised, each cheaper than the last that kept the bound',
      wholeNumber,
      0,
    );
  addOptions(command, [
    ...classesOptions('patches: which keep 8 bits; widths of the stage’s maps are searched for the others'),
    ...[...measuringOptions(), dimensionOption(), ...recipeOptions(), jsonOption()],
  ]);
}

/**
 * The classes of patches that are asked for. Errors: `search/classes` where the stage has no patches, or where an option
 * of theirs stands alone.
 */
export function classesOf(
  options: SearchCommandOptions,
  tuned: Tuned | undefined,
): SearchClasses | undefined {
  const { vdpc, vdpcAt, share, tau, imageShare, stage } = options;
  if (vdpc === undefined) {
    const alone = { '--vdpc-at': vdpcAt, '--share': share, '--tau': tau, '--image-share': imageShare };
    const found = Object.entries(alone).find(([, value]) => value !== undefined)?.[0];
    if (found === undefined) return undefined;
    throw badInput('search/classes', 'an option of patch classification stands alone', {
      found,
      expected: '--vdpc with it',
    });
  }
  const classes = chosenClasses(options, tuned);
  stageKinds({ stage, classes });
  checkNoise({ noise: options.noise, classes });
  return classes;
}

export const methodOf = ({ method, accuracy }: SearchCommandOptions): SearchMethodName =>
  method === 'vdqs' && accuracy === 'entropy' ? 'vdqs-entropy' : method;

/** Errors: `search/option` where an option would have no effect. */
export function checkOptions(options: SearchCommandOptions, goal: AccuracyGoal | undefined): void {
  const { lambda, scope, stage, accuracy, refine, noise } = options;
  const method = methodOf(options);
  if (lambda !== undefined && !BY_ENTROPY.includes(method))
    throw badInput('search/option', 'λ is of the paper’s score alone', {
      found: `--lambda ${lambda} with --method ${method}`,
      expected: '--method vdqs-entropy or vdqs-adjacent with it',
    });
  if (accuracy !== undefined && options.method !== 'vdqs')
    throw badInput(
      'search/option',
      '--accuracy names the accuracy term of VDQS, which this method does not have',
      {
        found: `--accuracy ${accuracy} with --method ${options.method}`,
        expected: '--method vdqs, or no --accuracy',
      },
    );
  if (goal === undefined && refinementsOf(options, goal) > 0 && !SEARCH_METHODS[method].readsNoise)
    throw badInput(
      'search/option',
      'the method does not read the figures of noise that further plans would correct',
      {
        found: `--refine ${refine} with --method ${method} and no bound of accuracy`,
        expected: '--accuracy-drop or --agreement, or another method',
      },
    );
  if (noise !== 'float' && !SEARCH_METHODS[method].readsNoise)
    throw badInput('search/option', 'the method does not read figures of noise', {
      found: `--noise ${noise} with --method ${method}`,
      expected: 'another method, or no --noise',
    });
  if (scope === 'patch' && stage === 'none')
    throw badInput('search/option', 'without a stage there are no maps inside one to search', {
      found: '--scope patch with --stage none',
      expected: '--stage patches, streaming or auto, or --scope all',
    });
}

/** Methods by the paper's score. */
const BY_ENTROPY: readonly SearchMethodName[] = ['vdqs-entropy', 'vdqs-adjacent'];

/** Plans that may be quantised on the way to what is asked for. */
export const refinementsOf = ({ refine }: SearchCommandOptions, goal: AccuracyGoal | undefined): number =>
  refine ?? (goal === undefined ? 0 : DEFAULT_REFINEMENTS);

/** Errors: `search/goal` where there are two bounds, or where `--squeeze` has no plans to go on from. */
export function goalOf(options: SearchCommandOptions): AccuracyGoal | undefined {
  const { accuracyDrop, agreement, refine, squeeze } = options;
  if (accuracyDrop !== undefined && agreement !== undefined)
    throw badInput('search/goal', 'two bounds of accuracy were given', {
      expected: 'either --accuracy-drop or --agreement',
    });
  const isBounded = accuracyDrop !== undefined || agreement !== undefined;
  if (squeeze > 0 && (!isBounded || refine === 0))
    throw badInput('search/goal', 'no plan is held against a bound of accuracy', {
      found: `--squeeze ${squeeze}${refine === 0 ? ' with --refine 0' : ''}`,
      expected: '--accuracy-drop or --agreement, and --refine of at least 1',
    });
  if (accuracyDrop !== undefined) return { kind: 'drop', points: accuracyDrop };
  return agreement === undefined ? undefined : { kind: 'agreement', percent: agreement };
}

/** Emulated cycles as the cost where they are asked for, or where a latency is to be kept. */
export function cycleOptions(
  { cost, latency }: SearchCommandOptions,
  board: Board,
  { host, ...measuring }: MeasureOptions & { readonly host: Host },
): Pick<SearchOptions, 'cycles' | 'cycleLimit'> {
  if (cost === 'bitops' && latency !== undefined)
    throw badInput('search/goal', 'a latency is kept by cycles', { found: '--cost bitops with --latency' });
  if (cost !== 'cycles' && latency === undefined) return {};
  const cycles: CycleMeter = (plan) => measureStepCycles(host, plan, board, measuring);
  if (latency === undefined) return { cycles };
  return { cycles, cycleLimit: ((latency / 1000) * board.clockHz) / board.memoryFactor.mid };
}

/** Options of the commands that quantise, search or measure on calibration data. */
import { Option } from 'commander';
import { CACHE_FOLDER } from '../evaluate/calibrate-for-search.js';
import { NOISE_SOURCES } from '../evaluate/plan-noise.js';
import { STAGE_OPTIONS } from '../evaluate/stage-options.js';
import { isPlanPath } from '../pipeline.js';
import { badInput } from '../support/errors.js';
import { threadsOption } from './cli-command.js';
import { positiveInteger } from './option-values.js';

export interface CalibrationOptions {
  readonly data: string;
  readonly first?: number;
  readonly limit?: number;
  readonly seed: number;
  readonly recipe?: string;
  readonly preset?: string;
  readonly dim?: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

type Selection = Pick<CalibrationOptions, 'first' | 'limit'>;

/** The samples asked for, as what reads them takes it. */
export const selectionOf = ({ first, limit }: Selection): Selection => ({
  ...(first === undefined ? {} : { first }),
  ...(limit === undefined ? {} : { limit }),
});

/** Throws `<command>/plan` where a stored plan was given in place of its model. */
export function requireModel(command: string, path: string, why: string): void {
  if (isPlanPath(path))
    throw badInput(`${command}/plan`, why, {
      where: path,
      fix: 'Give the model file that it was made from.',
    });
}

/** A test set calibrated on tells nothing any more: names that say test or validation are called out. */
export const calibrationWarnings = ({
  data,
  first,
}: Pick<CalibrationOptions, 'data' | 'first'>): readonly string[] =>
  first === undefined &&
  /(^|[^a-z])(test|val|validation|eval)([^a-z]|$)/i.test(data.replace(/\/+$/, '').split('/').at(-1) ?? '')
    ? [
        `${data} looks like test data: what calibrates must not be tested on. Give other images, or --first n and test with --skip n.`,
      ]
    : [];

export const scopeOption = (): Option =>
  new Option('--scope <scope>', 'maps of the stage alone, or of the whole network')
    .choices(['patch', 'all'])
    .default('all');

/** Of which part of a command: `λ: `. */
const of = (part: string | undefined): string => (part === undefined ? '' : `${part}: `);

export const weightsOption = (part?: string): Option =>
  new Option('--weights <widths>', `${of(part)}all at 8 bits, or searched`)
    .choices(['8', 'auto'])
    .default('8');

/** As what ModelSearch takes. */
export const searchedWeights = ({ weights }: { readonly weights: '8' | 'auto' }): 'auto' | 'fixed' =>
  weights === 'auto' ? 'auto' : 'fixed';

export const stageKindOption = (flag: '--stage' | '--kind', part?: string): Option =>
  new Option(`${flag} <kind>`, `${of(part)}how the first layers run`).choices(STAGE_OPTIONS).default('auto');

export const inputModeOption = (part?: string): Option =>
  new Option('--input <mode>', `${of(part)}keep the image in SRAM, or ask for it in pieces`).choices([
    'resident',
    'streamed',
  ]);

export const evaluationsOption = (): Option =>
  new Option('--evaluations <n>', 'candidates that random and evolutionary look at')
    .argParser(positiveInteger)
    .default(2000);

export const noiseImagesOption = (): Option =>
  new Option('--noise-images <n>', 'images on which noise is measured in the float network')
    .argParser(positiveInteger)
    .default(8);

export const noiseOption = (): Option =>
  new Option(
    '--noise <source>',
    'where noise figures come from: one width narrow in the float network, or in plans, two for every map and layer',
  )
    .choices(NOISE_SOURCES)
    .default('float');

/** Which samples, and how they are measured. */
export const measuringOptions = (
  first = 'calibrate on the first n samples',
  limited = 'calibration samples',
): readonly Option[] => [
  new Option('--first <n>', first).argParser(positiveInteger),
  new Option('--limit <n>', `this many ${limited}, spread evenly over the list`).argParser(positiveInteger),
  new Option('--seed <n>', 'seed of whatever is random').argParser(positiveInteger).default(1),
  new Option('--cache <folder>', 'where measurements are kept').default(CACHE_FOLDER),
  threadsOption(),
];

/** What a command of the CLI is: a name, its options, and a run that returns the exit code. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PRESET_NAMES } from '../data/recipe.js';
import type { Environment } from './environment.js';
import { positiveInteger, threadCount } from './option-values.js';

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Command lines with what they do, shown under --help. */
  readonly examples: readonly (readonly [string, string])[];
  /** Adds arguments and options. */
  configure(command: Command): void;
  /** `args` and `options` as commander parsed them; returns the process's exit code. */
  run(args: readonly string[], options: unknown, environment: Environment): Promise<number>;
}

/** Options typed once, where they are declared. */
export function defineCommand<O>(
  command: Omit<CliCommand, 'run'> & {
    run(args: readonly string[], options: O, environment: Environment): Promise<number>;
  },
): CliCommand {
  return { ...command, run: (args, options, environment) => command.run(args, options as O, environment) };
}

export const MODEL_ARGUMENT = ['<model>', 'a .tflite or .onnx model, or a stored .plan.json'] as const;

export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

export const jsonOption = (): Option => new Option('--json', 'print the report as JSON');
export const modeOption = (): Option =>
  new Option(
    '--mode <mode>',
    'requantisation (default: tflm, or the stored plan’s own; xnnpack is simulated only)',
  ).choices(['tflm', 'single', 'xnnpack']);

/** Sizes by name, from every occurrence of the option. */
export const dimensionOption = (): Option =>
  new Option('--dim <name=size>', 'size of a dynamic dimension of an .onnx model (repeatable)').argParser(
    (text: string, before: Readonly<Record<string, number>> | undefined) => {
      const split = text.lastIndexOf('=');
      if (split < 1) throw new InvalidArgumentError('expected name=size');
      return { ...before, [text.slice(0, split)]: positiveInteger(text.slice(split + 1)) };
    },
  );

/** Options that say how a file becomes the network's input. */
export const recipeOptions = (): readonly Option[] => [
  new Option('--recipe <file>', 'preprocessing as JSON (default: <model>.recipe.json if there)'),
  new Option('--preset <name>', 'preprocessing by name').choices(PRESET_NAMES),
];

/** Of measuring; results are the same with any number. */
export const threadsOption = (): Option =>
  new Option('--threads <n>', 'worker threads, at most 64 (default: one per core, at most 8)').argParser(
    threadCount,
  );

/** One per core; the sixth hardly helps, as all of them run the network. */
const MOST_DEFAULT_THREADS = 8;

export const threadsOf = (
  { threads }: { readonly threads?: number },
  { cores }: Pick<Environment, 'cores'>,
): number => threads ?? Math.min(cores, MOST_DEFAULT_THREADS);

/** Parses a command line, runs its command and turns every outcome into an exit code and one line of text. */
import { Command, CommanderError } from 'commander';
import { formatJson } from '../report/json.js';
import { type ErrorKind, EXIT_CODES, QuantmcuError } from '../support/errors.js';
import type { CliCommand } from './cli-command.js';
import { COMMANDS } from './commands/index.js';
import type { Environment } from './environment.js';

const EXIT_OF_KIND = {
  bug: EXIT_CODES.bug,
  limit: EXIT_CODES.limit,
  unsupported: EXIT_CODES.unsupported,
  input: EXIT_CODES.input,
} as const satisfies Record<ErrorKind, number>;

/** `argv` without node and script; never throws. */
export async function runCli(
  argv: readonly string[],
  environment: Environment,
  version: string,
): Promise<number> {
  let exitCode: number = EXIT_CODES.success;
  const program = createProgram(environment, version, async (command, args, options) => {
    exitCode = await command.run(args, options, environment);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
    return reportError(error, argv.includes('--json'), environment);
  }
}

type Act = (command: CliCommand, args: readonly string[], options: unknown) => Promise<void>;

function createProgram(environment: Environment, version: string, act: Act): Command {
  const program = new Command('quantmcu')
    .description(
      'Simulate a quantised CNN bit-exactly, generate Cortex-M firmware, and prove that both agree.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: environment.write, writeErr: environment.writeError })
    .showHelpAfterError('(add --help for usage)')
    .addHelpText('after', exitCodeHelp());
  for (const cliCommand of COMMANDS) {
    const command = program
      .command(cliCommand.name)
      .summary(cliCommand.summary)
      .description(`${cliCommand.summary[0]!.toUpperCase()}${cliCommand.summary.slice(1)}.`)
      .addHelpText('after', exampleHelp(cliCommand));
    cliCommand.configure(command);
    // Commander passes each argument, then the options, then the command itself.
    command.action((...given: unknown[]) => act(cliCommand, given.slice(0, -2) as string[], given.at(-2)));
  }
  return program;
}

function exampleHelp(command: CliCommand): string {
  const lines = command.examples.map(([line, what]) => `  ${line}\n      ${what}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

function exitCodeHelp(): string {
  const codes = Object.entries(EXIT_CODES).map(([name, code]) => `${code} ${name}`);
  return `\nExit codes: ${codes.join(', ')}.`;
}

function reportError(error: unknown, asJson: boolean, environment: Environment): number {
  const known = error instanceof QuantmcuError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const code = known?.code ?? 'internal';
  const label = environment.errorStyle('red', 'error');
  environment.writeError(`${label} ${code}: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  if (asJson) environment.write(formatJson({ error: { code, kind: known?.kind ?? 'bug', message } }));
  if (known === undefined || known.kind === 'bug') {
    environment.writeError('This is a fault of quantmcu; QUANTMCU_DEBUG=1 shows where.\n');
  }
  if (environment.debug && error instanceof Error) environment.writeError(`${error.stack}\n`);
  return known === undefined ? EXIT_CODES.bug : EXIT_OF_KIND[known.kind];
}

#!/usr/bin/env node
/** The process's edge: streams, colour, Ctrl-C and the exit code. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { styleText } from 'node:util';
import type { Style } from '../report/style.js';
import { plainStyle } from '../report/style.js';
import { EXIT_CODES } from '../support/errors.js';
import type { Environment } from './environment.js';
import { createNodeHost } from './node-host.js';
import { runCli } from './run-cli.js';

const packageJson = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string };

function styleFor(stream: NodeJS.WriteStream): Style {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0';
  const colored = forced || (stream.isTTY && (NO_COLOR ?? '') === '' && FORCE_COLOR !== '0');
  return colored ? (format, text) => styleText(format, text) : plainStyle;
}

const host = createNodeHost();
const abort = new AbortController();
const onInterrupt = (): void => {
  // A command that keeps partial results listens to the signal; for the others, and the second time, stop at once.
  const keepsResults = ['simulate', 'compare'].includes(process.argv[2] ?? '') && !abort.signal.aborted;
  abort.abort();
  if (!keepsResults) process.exit(EXIT_CODES.interrupted);
};
process.on('SIGINT', onInterrupt);

const environment: Environment = {
  host,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  style: styleFor(process.stdout),
  errorStyle: styleFor(process.stderr),
  isErrorTerminal: process.stderr.isTTY === true,
  cores: availableParallelism(),
  now: () => performance.now(),
  signal: abort.signal,
  runBlocking: (action) => {
    process.off('SIGINT', onInterrupt);
    try {
      return action();
    } finally {
      process.on('SIGINT', onInterrupt);
    }
  },
  debug: process.env.QUANTMCU_DEBUG === '1',
};

process.on('exit', () => host.cleanUp());
process.on('SIGTERM', () => process.exit(EXIT_CODES.interrupted));
// `quantmcu … | head` closes our output early: not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT_CODES.success : EXIT_CODES.bug);
});

process.exitCode = await runCli(process.argv.slice(2), environment, version);

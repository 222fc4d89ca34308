/** `quantmcu emulate`: any bare-metal ELF file on the built-in core; what it costs and where. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { emulateProgram } from '../../pipeline.js';
import type { EmulateReport } from '../../report/emulate-report.js';
import { formatEmulate } from '../../report/emulate-text.js';
import { flameGraph } from '../../report/flame-graph.js';
import { formatJson } from '../../report/json.js';
import { EXIT_CODES } from '../../support/errors.js';
import { CORE_IDS, type CoreId } from '../../targets/index.js';
import { defineCommand, jsonOption } from '../cli-command.js';
import { findProgramBoard, targetOption } from '../find-board.js';
import { positiveInteger } from '../option-values.js';
import { startProgress } from '../progress.js';

interface EmulateOptions {
  readonly core?: CoreId;
  readonly target?: string;
  readonly board?: string;
  readonly from?: string;
  readonly to?: string;
  readonly passages: number;
  readonly maxSteps: number;
  readonly memory?: readonly Memory[];
  readonly waitStates?: boolean;
  readonly profile?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

interface Memory {
  readonly origin: number;
  readonly bytes: number;
}

const DEFAULT_CORE: CoreId = 'm4';
const DEFAULT_STEPS = 5_000_000_000;
const DEFAULT_PASSAGES = 1000;

/** `0x40000000:0x1000`, repeatable. */
function parseMemory(text: string, before: readonly Memory[] = []): readonly Memory[] {
  const [origin, bytes] = text.split(':').map(Number);
  const isSound =
    Number.isInteger(origin) &&
    Number.isInteger(bytes) &&
    origin! >= 0 &&
    bytes! > 0 &&
    origin! + bytes! <= 2 ** 32;
  if (!isSound) throw new InvalidArgumentError('expected origin:bytes, e.g. 0x40000000:0x10000');
  return [...before, { origin: origin!, bytes: bytes! }];
}

function configure(command: Command): void {
  command
    .argument('<elf>', 'a linked program for a Cortex-M, with symbols')
    .addOption(new Option('--core <core>', `default: the board's, else ${DEFAULT_CORE}`).choices(CORE_IDS))
    .option('--from <symbol>', 'count from here (a symbol or 0x…), every time it is reached')
    .option('--to <symbol>', 'count to here (default: the return of --from, else the end)')
    .option(
      '--passages <n>',
      'stop after so many passages from --from to --to',
      positiveInteger,
      DEFAULT_PASSAGES,
    )
    .option('--profile', 'functions, source lines (with -g) and the dearest blocks, disassembled')
    .option('--svg <file>', 'write a flame graph')
    .addOption(targetOption())
    .option('--board <board>', 'memories of a board: its name, or a JSON file')
    .option('--wait-states', 'add what the board’s flash costs by its model (default: zero wait states)')
    .option(
      '--memory <origin:bytes>',
      'more memory, e.g. for registers that are set up (repeatable)',
      parseMemory,
    )
    .option('--max-steps <n>', 'instructions before it counts as hung', positiveInteger, DEFAULT_STEPS)
    .addOption(jsonOption());
}

const exitCodeOf = ({ end }: EmulateReport): number => {
  if (end.kind === 'fault') return EXIT_CODES.fault;
  return end.kind === 'exit' && end.status !== 0 ? EXIT_CODES.mismatch : EXIT_CODES.success;
};

export const emulate = defineCommand<EmulateOptions>({
  name: 'emulate',
  summary: 'run any bare-metal ELF on an emulated core: cycles, profile, memory, faults by name',
  examples: [
    ['quantmcu emulate firmware.elf --core m4 --profile', 'from reset to its end'],
    ['quantmcu emulate bench.elf --core m7 --from kernel --json', 'one record per call of kernel()'],
    ['quantmcu emulate firmware.elf --board l4r5zi --svg flame.svg', 'in the memories of a board'],
  ],
  configure,
  async run([path], options, environment) {
    const { host, now, style, write } = environment;
    const board = await findProgramBoard(host, options);
    const progress = startProgress(environment);
    const { from, to, memory } = options;
    const { report, stacks } = await emulateProgram(host, path!, {
      core: options.core ?? board?.core ?? DEFAULT_CORE,
      ...(board === undefined ? {} : { board }),
      ...(memory === undefined ? {} : { extraMemory: memory }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      maxPassages: options.passages,
      maxSteps: options.maxSteps,
      waitStates: options.waitStates === true,
      detailed: options.profile === true,
      now,
      onProgress: (instructions) =>
        progress.update(`emulating, ${Math.round(instructions / 1e6)} million instructions`),
      runBlocking: environment.runBlocking,
    }).finally(progress.end);
    if (options.svg !== undefined) {
      const title = `${path}: ${report.cycles.toLocaleString('en')} cycles on ${report.coreName}`;
      await host.writeFile(options.svg, flameGraph(title, stacks));
    }
    const text = (): string =>
      `${formatEmulate(report, { profile: options.profile === true, ...(board === undefined ? {} : { clockHz: board.clockHz }) }, style)}\n`;
    write(options.json === true ? formatJson(report) : text());
    return exitCodeOf(report);
  },
});

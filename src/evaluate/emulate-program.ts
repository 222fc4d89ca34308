/** Any bare-metal ELF file on the built-in core, and everything that is reported of it: joins compile, emulate and report. */
import { type Disassembler, findDisassembler } from '../compile/disassemble.js';
import { readElf, readElfSection } from '../compile/read-elf.js';
import type { RawProfile } from '../emulate/builtin-counts.js';
import {
  FunctionIndex,
  functionProfile,
  hottestBlocks,
  lineProfile,
  stacks,
} from '../emulate/builtin-profile.js';
import { type LineTable, readLineTable } from '../emulate/dwarf-lines.js';
import type { ExtraMemory } from '../emulate/elf-memory.js';
import { addressOf, type ElfRun, emulateElf, type ProgramEnd } from '../emulate/emulate-elf.js';
import { mergeProfiles } from '../emulate/merge-profiles.js';
import type { ElfImage } from '../ir/elf-image.js';
import {
  type BlockCost,
  buildEmulateReport,
  type EmulateFacts,
  type EmulateReport,
  type EndFacts,
  type FunctionCost,
} from '../report/emulate-report.js';
import type { FlameStack } from '../report/flame-graph.js';
import { badInput, unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { type BoardFlash, FLASH_MODELS } from '../targets/flash-models.js';
import { type Board, type CoreId, coreOf } from '../targets/index.js';

export interface EmulateProgramOptions {
  readonly core: CoreId;
  readonly board?: Board;
  readonly extraMemory?: readonly ExtraMemory[];
  /** Symbols or addresses. */
  readonly from?: string;
  readonly to?: string;
  readonly maxPassages: number;
  readonly maxSteps: number;
  /** Add what the board's flash costs, where there is a model of it. */
  readonly waitStates: boolean;
  /** Source lines and disassembled blocks as well. */
  readonly detailed: boolean;
  readonly now: () => number;
  readonly onProgress?: (instructions: number) => void;
  readonly runBlocking?: <T>(action: () => T) => T;
}

export interface EmulatedProgram {
  readonly report: EmulateReport;
  readonly stacks: readonly FlameStack[];
}

const MOST_BLOCKS = 6;
const MOST_LINES = 500;

interface Program {
  readonly path: string;
  readonly elf: ElfImage;
  readonly lines: LineTable;
  readonly noLines: string;
}

export async function emulateProgram(
  host: Host,
  path: string,
  options: EmulateProgramOptions,
): Promise<EmulatedProgram> {
  const { from, to, now, waitStates, runBlocking = (action) => action(), ...rest } = options;
  const flash = waitStates ? flashModel(options.board) : undefined;
  const bytes = await host.readFile(path);
  const elf = readElf(bytes);
  const program = { path, elf, ...readLines(bytes) };
  const places = {
    ...(from === undefined ? {} : { from: addressOf(elf, from) }),
    ...(to === undefined ? {} : { to: addressOf(elf, to) }),
    ...(flash === undefined ? {} : { flash }),
  };
  const began = now();
  const run = runBlocking(() => emulateElf({ ...rest, ...places, elf, now, profile: true }));
  const totalMs = now() - began;
  requirePassage(run, options, program);
  const profile = mergeProfiles(run.passages.flatMap((passage) => passage.profile ?? []));
  const detail = options.detailed ? await details(host, program, profile) : {};
  const flashBasis = flash === undefined ? {} : { flashBasis: flash.source };
  const facts = { ...factsOf(program, run, profile, options), ...detail, ...flashBasis, totalMs };
  return { report: buildEmulateReport(facts), stacks: stacks(profile, elf) };
}

/** Throws `emulate/flash-model` where there is none for the board. */
function flashModel(board: Board | undefined): BoardFlash {
  const model = FLASH_MODELS.find((candidate) => candidate.board === board?.id);
  if (model !== undefined) return model;
  throw unsupported('emulate/flash-model', 'no model of this board’s flash', {
    found: board?.id ?? 'no board',
    expected: `--board ${FLASH_MODELS.map((candidate) => candidate.board).join('|')}`,
    fix: 'Leave out --wait-states: cycles are then those of zero wait states.',
  });
}

/** Without one there is nothing to report, unless a fault says why. */
function requirePassage(run: ElfRun, { from, to }: EmulateProgramOptions, program: Program): void {
  if (run.passages.length > 0 || run.end.kind === 'fault') return;
  throw badInput('emulate/no-passage', 'the program ended before a passage was complete', {
    where: program.path,
    found: describeEnd(run.end),
    expected: `${from} to ${to ?? 'its return'}`,
  });
}

const describeEnd = (end: ProgramEnd): string =>
  end.kind === 'exit' ? `exit with status ${end.status}` : `${end.kind}`;

function readLines(bytes: Uint8Array): { readonly lines: LineTable; readonly noLines: string } {
  const line = readElfSection(bytes, '.debug_line');
  if (line === undefined) {
    const noLines = 'the ELF file has no .debug_line; compile with -g';
    return { lines: { locate: () => undefined, problem: '' }, noLines };
  }
  const lineStrings = readElfSection(bytes, '.debug_line_str');
  const strings = readElfSection(bytes, '.debug_str');
  const lines = readLineTable({
    line,
    ...(lineStrings === undefined ? {} : { lineStrings }),
    ...(strings === undefined ? {} : { strings }),
  });
  return { lines, noLines: lines.problem };
}

function factsOf(
  program: Program,
  run: ElfRun,
  profile: RawProfile,
  options: EmulateProgramOptions,
): Omit<EmulateFacts, 'totalMs'> {
  const { elf, path, noLines } = program;
  const { board, from, to } = options;
  const index = new FunctionIndex(elf);
  const fromAddress = from === undefined ? undefined : addressOf(elf, from);
  const functionsOf = (counted: RawProfile, passages: number): readonly FunctionCost[] =>
    functionProfile(counted, elf).map(({ address, name, calls, instructions, cycles }) => ({
      name,
      // A passage that starts at a function's entry is a call of it.
      calls: address === fromAddress ? calls + passages : calls,
      ...{ instructions, cycles },
    }));
  return {
    elf: path,
    core: coreOf(options.core),
    ...(board === undefined ? {} : { board }),
    startSymbol: index.nameAt(run.start.pc),
    startAddress: run.start.pc,
    vectorTable: run.start.vectorTable ?? null,
    ...{ from: from ?? null, to: to ?? null },
    passages: run.passages.map(({ profile: own, ...passage }) => ({
      ...passage,
      functions: own === undefined ? [] : functionsOf(own, 1),
    })),
    functions: functionsOf(profile, run.passages.length),
    ...(noLines === '' ? {} : { noLines }),
    end: endFacts(run.end, program, index),
    ...{ total: run.total, peakStackBytes: run.peakStackBytes, output: run.output },
    memory: run.memory.map(({ region, writtenBytes, highestWritten, objects }) => ({
      ...{ name: region.name, origin: region.origin, bytes: region.bytes, writtenBytes, highestWritten },
      objects: objects.map(({ name, address, bytes, written }) => ({ name, address, bytes, written })),
    })),
  };
}

async function details(
  host: Host,
  program: Program,
  profile: RawProfile,
): Promise<Pick<EmulateFacts, 'lines' | 'blocks'>> {
  const { disassemble } = await findDisassembler(host, program.path, program.elf);
  const blocks: BlockCost[] = [];
  for (const block of hottestBlocks(profile, program.elf, MOST_BLOCKS)) {
    const { start, last, executions, instructions, cycles } = block;
    const code = await codeOf(disassemble, profile, start, last);
    blocks.push({ function: block.function, address: start, executions, instructions, cycles, code });
  }
  return { lines: lineProfile(profile, program.lines.locate).slice(0, MOST_LINES), blocks };
}

async function codeOf(
  disassemble: Disassembler,
  profile: RawProfile,
  start: number,
  last: number,
): Promise<BlockCost['code']> {
  const counts = new Map(profile.counts.map((count) => [count.address, count]));
  // `last` is an address; two halfwords cover the instruction there, and the next one is cut off again.
  const lines = await disassemble(start, last + 4);
  return lines
    .filter(({ address }) => address <= last)
    .map((line) => {
      const count = counts.get(line.address);
      return { ...line, executions: count?.executions ?? 0, cycles: count?.cycles ?? 0 };
    });
}

function endFacts(end: ProgramEnd, { lines }: Program, index: FunctionIndex): EndFacts {
  const placeOf = (address: number): string | undefined => {
    const place = lines.locate(address);
    return place === undefined ? undefined : `${place.file}:${place.line}`;
  };
  switch (end.kind) {
    case 'reached':
    case 'halted':
      return { ...end, symbol: index.nameAt(end.address) };
    case 'fault': {
      const { kind, message, pc, encoding, address } = end.fault;
      return {
        ...{ kind: 'fault', fault: kind, message, pc, encoding: encoding ?? null, address: address ?? null },
        ...{ symbol: index.nameAt(pc), place: placeOf(pc) ?? null },
        callPath: end.callPath.map(({ callSite, callee }) => {
          const place = placeOf(callSite);
          const frame = { function: index.nameAt(callee), calledFrom: callSite };
          return place === undefined ? frame : { ...frame, place };
        }),
      };
    }
    default:
      return end;
  }
}

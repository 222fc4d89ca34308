/** Networks in one firmware on an emulated core: built as shipping firmware is, run, their outputs read back. */
import { emitPlatform } from '../../src/codegen/emit-project.js';
import { loadFirmwareTemplates } from '../../src/codegen/templates.js';
import { buildFirmware } from '../../src/compile/build.js';
import { readElf } from '../../src/compile/read-elf.js';
import type { Toolchain } from '../../src/compile/toolchain.js';
import { boardRegions, loadFirmware, requireSymbol } from '../../src/emulate/board-memory.js';
import { ENGINES, type EngineId } from '../../src/emulate/engines.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import type { Host } from '../../src/support/host.js';
import { type Board, coreOf, findBoard, virtualBoard } from '../../src/targets/index.js';
import { isStreamed, type ParityCase, programFiles, readInput } from './c-programs.js';

const MIB = 1 << 20;
const INSTRUCTION_BUDGET = 4e9;
const GARBAGE = 0xa5;

/** Those that can run here. */
export const PARITY_ENGINES: readonly EngineId[] = (Object.keys(ENGINES) as EngineId[]).filter(
  (id) => ENGINES[id].unavailable() === '',
);

/** A board with room for hundreds of networks. */
export const roomyBoard = (id: string): Board =>
  virtualBoard(findBoard(id)!, { flashBytes: 16 * MIB, sramBytes: 16 * MIB });

/** `main` runs every network once; `quantmcu_done` is called after each. */
function mainProgram(cases: readonly ParityCase[]): string {
  const calls = cases.map(({ prefix }) => `  ${prefix}_invoke();\n  quantmcu_done();`);
  const prototypes = cases.map(({ prefix }) => `void ${prefix}_invoke(void);`);
  return `#include <stdint.h>
${[...prototypes, ...cases.filter(isStreamed).map(readInput)].join('\n')}
__attribute__((noinline, used)) void quantmcu_done(void) { __asm__ volatile("nop"); }
int main(void) {
${calls.join('\n')}
  for (;;) quantmcu_done();
}
`;
}

const isAssembly = (path: string): boolean => path.endsWith('.S');

/** Generated assembly as one file: local labels get the number of theirs. */
function joinAssembly(files: Map<string, string>): void {
  const assembly = [...files].filter(([path]) => isAssembly(path));
  for (const [path] of assembly) files.delete(path);
  const texts = assembly.map(([, text], i) => text.replaceAll(/\.L(?=\w)/g, `.L${i}_`));
  if (texts.length > 0) files.set('quantmcu/instances.S', texts.join('\n'));
}

interface CaseBuild {
  /** The cases' program, where it is made once for several builds. */
  readonly files?: ReadonlyMap<string, string>;
  /** Alters files before they are compiled. */
  readonly change?: (path: string, text: string) => string;
  /** The toolchain for these files, where objects are kept. */
  readonly keeping?: (toolchain: Toolchain, files: ReadonlyMap<string, string>) => Toolchain;
}

/** Throws when the compiler has anything to say. */
export async function buildCases(
  host: Host,
  toolchain: Toolchain,
  cases: readonly ParityCase[],
  board: Board,
  { files: program, change = (_, text) => text, keeping = (compiler) => compiler }: CaseBuild = {},
): Promise<ElfImage> {
  const files = new Map(program ?? programFiles(cases));
  files.set('main.c', mainProgram(cases));
  for (const [path, text] of emitPlatform(board, 4096, loadFirmwareTemplates())) files.set(path, text);
  for (const [path, text] of files) files.set(path, change(path, text));
  joinAssembly(files);
  const options = { core: coreOf(board.core), toolchain: keeping(toolchain, files) };
  const { elf, diagnostics } = await buildFirmware(host, files, options);
  if (diagnostics !== '') throw new Error(diagnostics);
  return readElf(elf);
}

export interface EmulatedCase {
  readonly output: Uint8Array;
  /** Feature maps that binding has given a layout, as they stand in the arena, by tensor id. */
  readonly laidOut: ReadonlyMap<number, Uint8Array>;
  /** Of `invoke`; 0 unless counted. */
  readonly cycles: number;
}

/** Runs every network once. Each has an arena of its own, full of garbage but for its inputs. */
export function emulateCases(
  cases: readonly ParityCase[],
  elf: ElfImage,
  board: Board,
  engine: EngineId,
  countCycles = false,
): EmulatedCase[] {
  const machine = ENGINES[engine].create({
    core: board.core,
    regions: boardRegions(board),
    countCycles,
    watchMemory: false,
  });
  const reach = (symbol: string): void => {
    const { address } = requireSymbol(elf, symbol);
    const stop = machine.runUntil(address, INSTRUCTION_BUDGET);
    if (stop.kind !== 'reached') throw new Error(`${symbol} was not reached: ${JSON.stringify(stop)}`);
  };
  const place = ({ prefix, bound }: ParityCase, id: number): number =>
    requireSymbol(elf, `${prefix}_arena`).address + bound.tensors.find((t) => t.tensor === id)!.offset;
  try {
    loadFirmware(machine, elf, board);
    machine.reset(board.flash.origin);
    reach('main');
    for (const item of cases) {
      const { address } = requireSymbol(elf, `${item.prefix}_arena`);
      machine.write(address, new Uint8Array(item.bound.arenaBytes).fill(GARBAGE));
      if (isStreamed(item)) continue;
      item.sample.inputs.forEach((bytes, i) => {
        machine.write(place(item, item.sample.plan.inputs[i]!.tensor), bytes);
      });
    }
    return cases.map((item) => {
      reach(`${item.prefix}_invoke`);
      const before = machine.counters().cycles;
      reach('quantmcu_done');
      const cycles = machine.counters().cycles - before;
      return {
        laidOut: new Map(
          item.bound.tensors
            .filter(({ layout }) => layout !== undefined)
            .map(({ tensor, bytes }) => [tensor, machine.read(place(item, tensor), bytes)]),
        ),
        output: machine.read(place(item, item.sample.plan.outputs[0]!.tensor), item.expected.length),
        cycles,
      };
    });
  } finally {
    machine.dispose();
  }
}

/** Assembly text of code in an ELF file: by an objdump on PATH, else its halfwords as they stand. */
import type { ElfImage } from '../ir/elf-image.js';
import type { Host } from '../support/host.js';

export interface AssemblyLine {
  readonly address: number;
  /** Tabs between mnemonic and operands become a blank. */
  readonly text: string;
}

/** Reads [start, end) of the file's code. */
export type Disassembler = (start: number, end: number) => Promise<readonly AssemblyLine[]>;

const PROGRAMS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'arm-none-eabi-objdump', args: ['-d', '--no-show-raw-insn', '-M', 'force-thumb'] },
  {
    name: 'llvm-objdump',
    args: ['-d', '--no-show-raw-insn', '--triple=thumbv7em-none-eabi', '--mattr=+dsp'],
  },
];

export interface FoundDisassembler {
  /** Program, or `none`. */
  readonly name: string;
  readonly disassemble: Disassembler;
}

export async function findDisassembler(host: Host, path: string, elf: ElfImage): Promise<FoundDisassembler> {
  for (const { name, args } of PROGRAMS) {
    const program = await host.findProgram(name);
    if (program === undefined) continue;
    const disassemble: Disassembler = async (start, end) => {
      const range = [`--start-address=0x${start.toString(16)}`, `--stop-address=0x${end.toString(16)}`];
      const { status, stdout } = await host.run(program, [...args, ...range, path]);
      const lines = status === 0 ? parseObjdump(stdout) : [];
      return lines.length > 0 ? lines : rawLines(elf, start, end);
    };
    return { name, disassemble };
  }
  return { name: 'none', disassemble: async (start, end) => rawLines(elf, start, end) };
}

/** `   8000140:\tadd.w\tr3, r0, r1` → address and text. */
function parseObjdump(output: string): readonly AssemblyLine[] {
  return [...output.matchAll(/^\s*([0-9a-f]+):\s+(\S.*)$/gm)].map(([, address, text]) => ({
    address: Number.parseInt(address!, 16),
    // Without the comment that repeats a number as hexadecimal.
    text: text!
      .replace(/\s+/g, ' ')
      .replace(/ @ 0x[0-9a-f]+$/, '')
      .trim(),
  }));
}

/** One line per instruction: `f8d3 2004`. */
function rawLines(elf: ElfImage, start: number, end: number): readonly AssemblyLine[] {
  const segment = elf.segments.find(
    ({ address, data }) => start >= address && start + 2 <= address + data.length,
  );
  if (segment === undefined) return [];
  const { data, address } = segment;
  const half = (at: number): number => data[at - address]! | ((data[at - address + 1] ?? 0) << 8);
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  const lines: AssemblyLine[] = [];
  const last = Math.min(end, address + data.length - 1);
  for (let at = start; at < last; ) {
    const first = half(at);
    const isWide = first >= 0xe800;
    lines.push({ address: at, text: isWide ? `${hex(first)} ${hex(half(at + 2))}` : hex(first) });
    at += isWide ? 4 : 2;
  }
  return lines;
}

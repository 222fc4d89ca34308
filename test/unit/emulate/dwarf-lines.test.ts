/** Source lines of every instruction against addr2line of binutils, for each DWARF version; damaged tables do no harm. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElf, readElfSection } from '../../../src/compile/read-elf.js';
import { type DebugSections, readLineTable } from '../../../src/emulate/dwarf-lines.js';
import { createRandom } from '../../../src/support/random.js';
import { buildProgram, FLASH } from '../../support/debug-program.js';
import { hasArmGcc, inTemporaryFolder } from '../../support/thumb-program.js';

const hasAddr2line = spawnSync('arm-none-eabi-addr2line', ['--version']).status === 0;
const why = hasArmGcc && hasAddr2line ? '' : ' (skipped: arm-none-eabi-gcc or addr2line absent)';
const test = it.skipIf(why !== '');

const SOURCE = `static inline int square(int x) {
  return x * x;
}
__attribute__((noinline)) int sum(const int *values, int count) {
  int total = 0;
  for (int i = 0; i < count; i++)
    total += square(values[i]) + (values[i] > 3 ? 1 : 0);
  return total;
}
#line 700 "folder/other.c"
__attribute__((noinline)) int unusedByNobody(int x) {
  switch (x) {
    case 1: return 5;
    case 2: return 9;
    case 3: return x * 77;
    case 4: return x / 3;
    default: return 0;
  }
}
int main(void) {
  int values[4] = {1, 2, 3, 4};
  return sum(values, 4) + unusedByNobody(values[2]);
}
`;

function sectionsOf(elf: Uint8Array): DebugSections {
  const lineStrings = readElfSection(elf, '.debug_line_str');
  const strings = readElfSection(elf, '.debug_str');
  return {
    line: readElfSection(elf, '.debug_line')!,
    ...(lineStrings === undefined ? {} : { lineStrings }),
    ...(strings === undefined ? {} : { strings }),
  };
}

/** `file:line` of each address by binutils; `??:0` where it knows nothing. */
function addr2line(elf: Uint8Array, addresses: readonly number[]): readonly string[] {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'a.elf'), elf);
    const input = addresses.map((address) => address.toString(16)).join('\n');
    const text = execFileSync('arm-none-eabi-addr2line', ['-e', 'a.elf'], { cwd: folder, input });
    return text
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.replace(/ \(discriminator \d+\)$/, ''));
  });
}

describe.each(['-gdwarf-2', '-gdwarf-3', '-gdwarf-4', '-gdwarf-5'])(`%s${why}`, (version) => {
  test('gives the line of every instruction that addr2line gives', () => {
    const elf = buildProgram(SOURCE, [version, '-gno-as-loc-support', '-O2']);
    const table = readLineTable(sectionsOf(elf));
    expect(table.problem).toBe('');
    const code = readElf(elf).segments[0]!;
    const addresses = Array.from({ length: code.data.length / 2 }, (_, i) => FLASH + 2 * i);
    const expected = addr2line(elf, addresses);
    let known = 0;
    addresses.forEach((address, i) => {
      const [file, line] = expected[i]!.split(':');
      const found = table.locate(address);
      if (file === '??' || line === '?' || line === '0') return;
      known += 1;
      const message = `0x${address.toString(16)}: ${JSON.stringify(found)}, addr2line says ${expected[i]}`;
      expect(found?.line, message).toBe(Number(line));
      // addr2line puts the folder of the compilation in front.
      expect(file!.endsWith(found!.file), message).toBe(true);
    });
    expect(known).toBeGreaterThan(60);
    expect(new Set(addresses.map((address) => table.locate(address)?.file))).toContain('folder/other.c');
  });
});

describe(`what the table does not cover${why}`, () => {
  test('has no line', () => {
    const table = readLineTable(sectionsOf(buildProgram(SOURCE, ['-g'])));
    expect(table.locate(0)).toBeUndefined();
    expect(table.locate(FLASH - 2)).toBeUndefined();
    expect(table.locate(FLASH + 0x10000)).toBeUndefined();
  });

  test('leaves out functions that the linker dropped', () => {
    const dropped = `${SOURCE}\n#line 9000\nint neverCalled(int x) { return x + 1; }`;
    const table = readLineTable(
      sectionsOf(buildProgram(dropped, ['-g', '-ffunction-sections', '-Wl,--gc-sections'])),
    );
    for (let address = 0; address < 64; address += 2) expect(table.locate(address)).toBeUndefined();
  });
});

describe(`damaged sections${why}`, () => {
  test('end in a message, never in an exception or an endless loop', () => {
    const sections = sectionsOf(buildProgram(SOURCE, ['-g']));
    const random = createRandom(20261);
    let problems = 0;
    for (let round = 0; round < 400; round++) {
      const line = sections.line.slice(0, random.integer(1, sections.line.length));
      for (let flips = random.integer(0, 4); flips > 0; flips--) {
        line[random.integer(0, line.length - 1)] = random.integer(0, 255);
      }
      const table = readLineTable({ ...sections, line });
      table.locate(FLASH + 100);
      if (table.problem !== '') problems += 1;
    }
    expect(problems).toBeGreaterThan(100);
  });

  test('say when the names are missing', () => {
    const { line } = sectionsOf(buildProgram(SOURCE, ['-gdwarf-5', '-gno-as-loc-support']));
    expect(readLineTable({ line }).problem).toMatch(/section of names is missing/);
  });
});

/** Generated projects build as they stand: Make, CMake and the compile stage, gcc and zig, without a warning. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { emitProject, type ProjectFiles } from '../../src/codegen/emit-project.js';
import { buildFirmware } from '../../src/compile/build.js';
import { elfMemoryUse, readElf } from '../../src/compile/read-elf.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import { importModel } from '../../src/import/index.js';
import { lowerToPlan } from '../../src/lower/lower.js';
import { BOARDS, coreOf, findBoard } from '../../src/targets/index.js';
import { PERSON_MODEL, readBytes } from '../support/paths.js';
import { tinyPlan } from './tiny-plan.js';

const host = createNodeHost();
afterAll(() => host.cleanUp());

const board = findBoard('l4r5zi')!;
const tiny = bind(tinyPlan(), { core: 'm4', feature: 'dsp' });
const has = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const gcc = has('arm-none-eabi-gcc');

async function build(files: ProjectFiles, toolchain: 'gcc' | 'zig', core = board.core) {
  const found = await findToolchain(host, toolchain);
  const { elf, diagnostics } = await buildFirmware(host, files, { core: coreOf(core), toolchain: found });
  expect(diagnostics).toBe('');
  return readElf(elf);
}

describe.skipIf(!gcc)('with arm-none-eabi-gcc', () => {
  it.each(BOARDS.map((b) => b.id))(
    'the compile stage builds for %s: vectors first, stack below the data',
    async (id) => {
      const target = findBoard(id)!;
      const elf = await build(emitProject(tiny, target), 'gcc', target.core);
      const [text] = elf.segments;
      expect(text!.address).toBe(target.flash.origin);
      const vectors = new DataView(text!.data.buffer, text!.data.byteOffset);
      expect(vectors.getUint32(0, true)).toBe(elf.symbols.get('__stack_top')!.address);
      expect(vectors.getUint32(4, true)).toBe(elf.symbols.get('Reset_Handler')!.address + 1);
      expect(elf.symbols.get('__stack_limit')!.address).toBe(target.sram.origin);
      const arena = elf.symbols.get('quantmcu_arena')!;
      expect(arena.size).toBe(tiny.arenaBytes);
      expect(arena.address).toBeGreaterThanOrEqual(elf.symbols.get('__stack_top')!.address);
      expect(elf.functionAt(elf.symbols.get('quantmcu_step_003')!.address)!.name).toBe('quantmcu_step_003');
    },
  );

  it('a real network builds for each core; flash and SRAM are what the plan says', async () => {
    const plan = lowerToPlan(importModel(readBytes(PERSON_MODEL), PERSON_MODEL), { mode: 'tflm' });
    const bound = bind(plan, { core: 'm4', feature: 'dsp' });
    const use = elfMemoryUse(await build(emitProject(bound, board), 'gcc'));
    expect(use.staticSramBytes).toBe(bound.arenaBytes);
    expect(use.flashBytes).toBeGreaterThan(bound.constants.length);
    // Start-up code and some forty kernels, many made for one shape of layer.
    expect(use.flashBytes).toBeLessThan(bound.constants.length + 96 * 1024);
  });

  it('says in one line that a network does not fit its memory', async () => {
    const small = { ...board, sram: { ...board.sram, bytes: 4096 + 64 } };
    await expect(build(emitProject(tiny, small), 'gcc')).rejects.toThrow(
      /the firmware does not fit the memory it is linked for; found .*overflowed by \d+ bytes/,
    );
  });
});

describe('with zig from npm', () => {
  it('the compile stage builds the same symbols', async () => {
    const elf = await build(emitProject(tiny, board), 'zig');
    expect(elf.symbols.get('quantmcu_arena')!.size).toBe(tiny.arenaBytes);
    expect(elf.symbols.get('quantmcu_step_004')!.type).toBe('function');
    expect(elfMemoryUse(elf).staticSramBytes).toBe(tiny.arenaBytes);
  });
});

describe.skipIf(!gcc)('the build files of a project (needs arm-none-eabi-gcc)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quantmcu-project-'));
    for (const [path, text] of emitProject(tiny, board)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(!has('make'))('Make gives the code of the compile stage (needs make)', async () => {
    const output = execFileSync('make', ['-j2'], { cwd: folder, stdio: 'pipe' }).toString();
    expect(output).not.toMatch(/warning/i);
    const made = readElf(readFileSync(join(folder, 'build/firmware.elf')));
    const built = await build(emitProject(tiny, board), 'gcc');
    expect(Buffer.from(made.segments[0]!.data).equals(built.segments[0]!.data)).toBe(true);
    expect(readFileSync(join(folder, 'build/firmware.bin')).length).toBe(elfMemoryUse(made).flashBytes);
  });

  it.skipIf(!has('cmake'))('CMake builds a library and the example (needs cmake)', () => {
    execFileSync('cmake', ['-B', 'out'], {
      cwd: folder,
      stdio: 'pipe',
    });
    const output = execFileSync('cmake', ['--build', 'out'], { cwd: folder, stdio: 'pipe' }).toString();
    expect(output).not.toMatch(/warning/i);
    const elf = readElf(readFileSync(join(folder, 'out/firmware.elf')));
    expect(elf.symbols.get('quantmcu_arena')!.size).toBe(tiny.arenaBytes);
    expect(readFileSync(join(folder, 'out/libquantmcu.a')).length).toBeGreaterThan(0);
  });
});

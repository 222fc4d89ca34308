/** Choosing a compiler, on hosts that have or lack it. */
import { describe, expect, it } from 'vitest';
import { buildFirmware } from '../../../src/compile/build.js';
import { findToolchain, type Toolchain } from '../../../src/compile/toolchain.js';
import type { Host, RunResult } from '../../../src/support/host.js';
import { coreOf } from '../../../src/targets/index.js';

/** A host that knows one program and answers every run with `answer`. */
function fakeHost(programs: readonly string[], answer: (args: readonly string[]) => Partial<RunResult>) {
  const runs: string[][] = [];
  const written = new Map<string, string | Uint8Array>();
  const host: Host = {
    readFile: async () => Uint8Array.of(1, 2, 3),
    writeFile: async (path, contents) => void written.set(path, contents),
    exists: async () => false,
    list: async () => [],
    makeDirectory: async () => undefined,
    remove: async () => undefined,
    rename: async () => undefined,
    temporaryDirectory: async (label) => `/tmp/${label}`,
    findProgram: async (name) => (programs.includes(name) ? `/bin/${name}` : undefined),
    run: async (program, args) => {
      runs.push([program, ...args]);
      return { status: 0, stdout: '', stderr: '', ...answer(args) };
    },
    parallelism: 2,
  };
  return { host, runs, written };
}

const gccHost = (answer: (args: readonly string[]) => Partial<RunResult> = () => ({})) =>
  fakeHost(['arm-none-eabi-gcc'], (args) =>
    args[0] === '--version' ? { stdout: 'arm-none-eabi-gcc 12.2.1\nCopyright' } : answer(args),
  );

describe('findToolchain', () => {
  it('prefers gcc and states its version', async () => {
    expect(await findToolchain(gccHost().host, '')).toMatchObject({
      id: 'gcc',
      version: 'arm-none-eabi-gcc 12.2.1',
    });
  });

  it('says what to install when there is none', async () => {
    const { host } = fakeHost([], () => ({ status: -1 }));
    await expect(findToolchain(host, 'gcc')).rejects.toThrow(
      /no compiler for Cortex-M was found.*apt install/,
    );
    await expect(findToolchain(host, 'keil')).rejects.toThrow(
      'no such toolchain; found keil; expected gcc or zig',
    );
  });
});

describe('buildFirmware', () => {
  const files = new Map([
    ['main.c', 'int main(void) { return 0; }'],
    ['quantmcu/kernels/conv2d.c', '/* a kernel body */'],
    ['quantmcu/instances/conv2d_a8_w8__dsp.c', '#include "../kernels/conv2d.c"'],
    ['platform/linker.ld', ''],
  ]);
  const build = async (answer?: (args: readonly string[]) => Partial<RunResult>) => {
    const { host, runs, written } = gccHost(answer);
    const toolchain: Toolchain = await findToolchain(host, 'gcc');
    const result = await buildFirmware(host, files, { core: coreOf('m7'), toolchain });
    return { result, runs: runs.slice(1), written };
  };

  it('compiles instances, not kernel bodies, for the core, then links', async () => {
    const { result, runs, written } = await build();
    expect(written.size).toBe(4);
    const sources = runs.flatMap((run) => run.filter((arg) => arg.endsWith('.c')));
    expect(sources).toEqual(['main.c', 'quantmcu/instances/conv2d_a8_w8__dsp.c']);
    for (const run of runs) expect(run).toContain('-mcpu=cortex-m7');
    expect(runs.at(-1)).toEqual(expect.arrayContaining(['main.c.o', '-T', 'platform/linker.ld', '-lgcc']));
    expect([...result.elf]).toEqual([1, 2, 3]);
  });

  it('hands on warnings', async () => {
    const { result } = await build((args) =>
      args.includes('main.c') ? { stderr: 'main.c:1: warning: odd\n' } : {},
    );
    expect(result.diagnostics).toBe('main.c:1: warning: odd');
  });

  it('names the file and the first error', async () => {
    const failing = build((args) =>
      args.includes('main.c')
        ? { status: 1, stderr: 'In file included\nmain.c:3: error: no such thing\n' }
        : {},
    );
    await expect(failing).rejects.toThrow(
      'main.c: the compiler failed; found main.c:3: error: no such thing',
    );
  });

  it.each(['12 bytes', '1 byte'])('tells an overflow by %s from other failures', async (size) => {
    const failing = build((args) =>
      args.includes('-T') ? { status: 1, stderr: `ld: region \`SRAM' overflowed by ${size}\n` } : {},
    );
    await expect(failing).rejects.toMatchObject({ code: 'compile/too-large', kind: 'limit' });
  });
});

/** Networks in one program on the host: built with sanitizers where the compiler has them, run, outputs read back. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isStreamed, type ParityCase, programFiles, readInput } from './c-programs.js';

export const hostCompiler = ['cc', 'gcc', 'clang'].find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

const FLAGS = ['-std=c11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-Wno-overlength-strings'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Fills every arena with rubbish, reads the inputs, runs, writes the outputs. */
function driver(cases: readonly ParityCase[]): string {
  const images = cases.filter(isStreamed).map(readInput);
  const runs = cases.map(({ prefix }) => {
    const P = prefix.toUpperCase();
    return `  run(${prefix}_arena, ${P}_ARENA_BYTES, ${prefix}_inputs, ${P}_INPUT_COUNT, ${prefix}_outputs, ${prefix}_invoke);`;
  });
  return `#include <stdio.h>
#include <string.h>
#include "quantmcu/networks.h"
${images.join('\n')}
static void run(uint8_t *arena, size_t bytes, const struct quantmcu_tensor *inputs, uint32_t count,
                const struct quantmcu_tensor *outputs, void (*invoke)(void)) {
  memset(arena, 0xa5, bytes);
  for (uint32_t i = 0; i < count; i++)
    if (inputs[i].data != 0 && fread(inputs[i].data, 1, inputs[i].bytes, stdin) != inputs[i].bytes) return;
  invoke();
  fwrite(outputs[0].data, 1, outputs[0].bytes, stdout);
}
int main(void) {
${runs.join('\n')}
  return 0;
}
`;
}

/** The output of every case; throws when the program writes fewer bytes or more than the cases expect. */
export function hostOutputs(cases: readonly ParityCase[]): Uint8Array[] {
  const bytes = buildAndRun(cases);
  let at = 0;
  const outputs = cases.map(({ expected }) => {
    at += expected.length;
    return bytes.subarray(at - expected.length, at);
  });
  if (at !== bytes.length)
    throw new Error(`the program wrote ${bytes.length} bytes of output, expected ${at}`);
  return outputs;
}

function buildAndRun(cases: readonly ParityCase[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'quantmcu-host-c-'));
  try {
    const files = programFiles(cases);
    files.set('main.c', driver(cases));
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const sources = [...files.keys()].filter((path) => path.endsWith('.c') && !path.includes('/kernels/'));
    const program = compile(folder, sources);
    const input = Buffer.concat(cases.flatMap((item) => (isStreamed(item) ? [] : [...item.sample.inputs])));
    return execFileSync(program, { input, maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With sanitizers where the compiler has them; make gives the parallelism. */
function compile(folder: string, sources: readonly string[]): string {
  const objects = sources.map((path) => path.replace(/\.c$/, '.o'));
  const flags = [...FLAGS, ...(hasSanitizers(folder) ? SANITIZERS : []), '-I.'].join(' ');
  const makefile = `program: ${objects.join(' ')}\n\t${hostCompiler} ${flags} $^ -o $@\n%.o: %.c\n\t${hostCompiler} ${flags} -c $< -o $@\n`;
  writeFileSync(join(folder, 'Makefile'), makefile);
  try {
    execFileSync('make', ['-s', `-j${availableParallelism()}`], { cwd: folder, stdio: 'pipe' });
  } catch (error) {
    throw new Error(String((error as { stderr: Buffer }).stderr).slice(0, 4000));
  }
  return join(folder, 'program');
}

function hasSanitizers(folder: string): boolean {
  const probe = join(folder, 'probe.c');
  writeFileSync(probe, 'int main(void) { return 0; }\n');
  try {
    execFileSync(hostCompiler!, [...SANITIZERS, probe, '-o', join(folder, 'probe')], { stdio: 'ignore' });
    execFileSync(join(folder, 'probe'));
    return true;
  } catch {
    return false;
  }
}

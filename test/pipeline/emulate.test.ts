/** `quantmcu emulate` as a command: what it prints, its JSON, its exit codes. */

import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/cli/node-host.js';
import { EXIT_CODES } from '../../src/support/errors.js';
import { buildProgram } from '../support/debug-program.js';
import { runInMemory } from '../support/memory-environment.js';
import { hasArmGcc } from '../support/thumb-program.js';

const why = hasArmGcc ? '' : ' (skipped: arm-none-eabi-gcc absent)';
const test = it.skipIf(!hasArmGcc);

const SOURCE = `int table[16];
__attribute__((noinline)) int scale(int x) {
  return x * 3;
}
__attribute__((noinline)) void fill(int n) {
  for (int i = 0; i < n; i++)
    table[i] = scale(i);
}
__attribute__((noinline)) void crash(int *where) {
  *where = 1;
}
int main(void) {
  print("hello from main\\n");
  fill(4);
  fill(16);
#ifdef CRASH
  crash((int *)0x50000000);
#endif
  return STATUS;
}
`;

const elfs = new Map<string, Uint8Array>();
function elf(...args: string[]): Uint8Array {
  const key = args.join(' ');
  if (!elfs.has(key)) elfs.set(key, buildProgram(SOURCE, ['-g', '-DSTATUS=0', ...args]));
  return elfs.get(key)!;
}

const emulate = (bytes: Uint8Array, ...options: string[]) =>
  runInMemory(['emulate', 'a.elf', ...options], { 'a.elf': bytes });

describe(`emulate --json${why}`, () => {
  test('has the fields that are promised, sums that add up, and repeats', async () => {
    const { exitCode, stdout, stderr } = await emulate(elf(), '--core', 'm4', '--json');
    const { timing, ...report } = JSON.parse(stdout);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(timing.mips).toBeGreaterThan(0);
    expect(report).toMatchObject({
      ...{ core: 'm4', coreName: 'Cortex-M4F', output: 'hello from main\n', board: null },
      end: { kind: 'exit', status: 0 },
      start: { symbol: 'Reset_Handler', vectorTable: 0x08000000 },
    });
    const sum = (field: 'instructions' | 'cycles'): number =>
      report.functions.reduce((total: number, entry: Record<string, number>) => total + entry[field]!, 0);
    expect(sum('instructions')).toBe(report.instructions);
    expect(sum('cycles')).toBe(report.cycles);
    const calls = Object.fromEntries(
      report.functions.map(({ name, calls: count }: { name: string; calls: number }) => [name, count]),
    );
    expect(calls).toMatchObject({ main: 1, fill: 2, scale: 20, print: 1, finish: 1, Reset_Handler: 0 });
    expect(report.peakStackBytes).toBeGreaterThan(16);
    const again = JSON.parse((await emulate(elf(), '--core', 'm4', '--json')).stdout);
    expect({ ...again, timing }).toEqual({ ...report, timing });
  });

  test('has one record per passage from --from to its return', async () => {
    const { stdout } = await emulate(elf(), '--from', 'fill', '--json');
    const report = JSON.parse(stdout);
    expect(report.passages).toHaveLength(2);
    const [short, long] = report.passages;
    for (const passage of [short, long]) {
      expect(Object.keys(passage)).toEqual([
        ...['core', 'instructions', 'cycles', 'peakStackBytes', 'functions', 'timing'],
      ]);
    }
    const calls = (passage: typeof short, name: string): number =>
      passage.functions.find((entry: { name: string }) => entry.name === name).calls;
    expect([calls(short, 'scale'), calls(long, 'scale'), calls(short, 'fill')]).toEqual([4, 16, 1]);
    expect(report.instructions).toBe(short.instructions + long.instructions);
    expect(report.from).toBe('fill');
    // The loop's body once per element: four times twelve more of it.
    expect((long.instructions - short.instructions) % 12).toBe(0);
  });

  test.each(['m4', 'm7', 'm33'])('runs on %s with that core’s cycles', async (core) => {
    const { stdout } = await emulate(elf(), '--core', core, '--json');
    const report = JSON.parse(stdout);
    expect(report.core).toBe(core);
    expect(report.estimate.low).toBeLessThan(report.cycles);
    expect(report.estimate.high).toBeGreaterThan(report.cycles);
  });

  test('gives source lines and disassembled blocks with --profile', async () => {
    const { stdout } = await emulate(elf(), '--profile', '--json');
    const { lines, blocks, instructions } = JSON.parse(stdout);
    const [dearest] = lines;
    expect(dearest.file).toBe('main.c');
    expect([3, 6, 7]).toContain(dearest.line);
    expect(blocks[0].code.length).toBe(blocks[0].instructions);
    expect(blocks[0].code[0]).toMatchObject({ address: blocks[0].address, executions: blocks[0].executions });
    expect(instructions).toBeGreaterThan(100);
  });
});

describe(`emulate for people${why}`, () => {
  test('prints tables and writes a flame graph', async () => {
    const { exitCode, stdout, host } = await emulate(elf(), '--profile', '--svg', 'out/flame.svg');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^a\.elf on Cortex-M4F\nstarted at Reset_Handler by the vector table at 0x08000000\n/,
    );
    expect(stdout).toContain('\nhello from main\n');
    expect(stdout).toMatch(/\nscale +20 +40 /);
    expect(stdout).toMatch(/\nmain\.c:\d+ /);
    expect(stdout).toMatch(/\nsram +0x20000000, 1,024\.0 KiB: .*table 64 B/);
    expect(stdout).toMatch(/\nEXIT {2}status 0\n$/);
    const svg = new TextDecoder().decode(host.files.get('out/flame.svg'));
    expect(svg).toMatch(/<title>scale: [\d,]+ cycles/);
  });

  test('disassembles with objdump where the file is on disk', async () => {
    const host = createNodeHost();
    const path = `${await host.temporaryDirectory('emulate-test')}/a.elf`;
    await host.writeFile(path, elf());
    const { stdout } = await runInMemory(['emulate', path, '--profile'], {}, { host });
    host.cleanUp();
    expect(stdout).toMatch(/^ {2}0800[0-9a-f]{4} {2}(add|mov|ldr|str|bl|push|cmp)\S* /m);
  });

  test('names a board’s memories and its time', async () => {
    const { stdout } = await emulate(elf(), '--board', 'l4r5zi');
    expect(stdout).toMatch(/\ntime +.* at 120 MHz/);
    expect(stdout).toMatch(/\nsram +0x20000000, 640\.0 KiB/);
  });
});

describe(`emulate --wait-states${why}`, () => {
  test('adds what the model of the board’s flash says, as a term of its own', async () => {
    const zeroWait = JSON.parse((await emulate(elf(), '--board', 'l4r5zi', '--json')).stdout);
    const report = JSON.parse((await emulate(elf(), '--board', 'l4r5zi', '--wait-states', '--json')).stdout);
    const { codeCycles, dataCycles, basis } = report.flash;
    expect(report.cycles - codeCycles - dataCycles).toBe(zeroWait.cycles);
    expect(codeCycles).toBeGreaterThan(0);
    expect(report.estimate).toEqual(zeroWait.estimate);
    expect(basis).toMatch(/RM0432/);
    expect(zeroWait.flash).toBeUndefined();
    const { stdout } = await emulate(elf(), '--board', 'l4r5zi', '--wait-states');
    expect(stdout).toMatch(/\nflash +[\d,]+ \(code [\d,]+, data [\d,]+\): ×\d\.\d+ of zero wait states\n/);
  });

  test('refuses a board without a model', async () => {
    const { exitCode, stderr } = await emulate(elf(), '--wait-states');
    expect(exitCode).toBe(EXIT_CODES.unsupported);
    expect(stderr).toMatch(/emulate\/flash-model: .*--board l4r5zi/);
  });
});

describe(`exit codes${why}`, () => {
  test('7 with place, source line and call path for a fault', async () => {
    const { exitCode, stdout } = await emulate(elf('-DCRASH'));
    expect(exitCode).toBe(EXIT_CODES.fault);
    const lines = stdout.trimEnd().split('\n').slice(-4);
    expect(lines[0]).toMatch(/^FAULT {2}unmapped_access: .*0x50000000.* at pc 0x0800[0-9a-f]{4}, encoding /);
    expect(lines[1]).toBe('  in crash, main.c:10');
    expect(lines[2]).toMatch(/^ {2}crash called from 0x0800[0-9a-f]{4}, main\.c:17$/);
    expect(lines[3]).toMatch(/^ {2}main called from 0x0800[0-9a-f]{4}, start\.c:\d+$/);
    const { end } = JSON.parse((await emulate(elf('-DCRASH'), '--json')).stdout);
    expect(end).toMatchObject({
      kind: 'fault',
      fault: 'unmapped_access',
      address: 0x50000000,
      symbol: 'crash',
    });
    expect(end.callPath.map((frame: { function: string }) => frame.function)).toEqual(['main', 'crash']);
  });

  test('0 where --memory gives it memory there', async () => {
    expect((await emulate(elf('-DCRASH'), '--memory', '0x50000000:0x1000')).exitCode).toBe(0);
  });

  test('7 for a budget used up, 1 for a status of its own, 5 for a symbol that is not there', async () => {
    const hung = await emulate(elf(), '--max-steps', '100');
    expect(hung.exitCode).toBe(EXIT_CODES.fault);
    expect(hung.stdout).toMatch(/FAULT {2}step_budget/);
    expect((await emulate(elf('-USTATUS', '-DSTATUS=9'))).exitCode).toBe(1);
    const unknown = await emulate(elf(), '--from', 'Scale');
    expect(unknown.exitCode).toBe(EXIT_CODES.input);
    expect(unknown.stderr).toMatch(/emulate\/symbol: .*expected scale/);
    const never = await emulate(elf(), '--from', 'crash');
    expect(never.stderr).toMatch(/symbol|emulate\/no-passage/);
    expect(never.exitCode).toBe(EXIT_CODES.input);
  });

  it('2 and 5 for what is no command line and no ELF file', async () => {
    expect((await emulate(new Uint8Array(3), '--memory', 'x')).exitCode).toBe(EXIT_CODES.usage);
    expect((await emulate(new Uint8Array(3), '--core', 'm3')).exitCode).toBe(EXIT_CODES.usage);
    const { exitCode, stderr } = await emulate(new Uint8Array(3));
    expect(exitCode).toBe(EXIT_CODES.input);
    expect(stderr).toMatch(/^error elf\/corrupt/);
  });
});

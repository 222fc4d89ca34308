/**
 * The hand-scheduled kernels of the optional collection (SHARED_DIR, else ../shared): built from their generators by
 * python3 and arm-none-eabi-gcc, without a C library. Their drivers check every output against a C reference.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SHARED = process.env.SHARED_DIR ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const FOLDER = join(SHARED, 'prototypes');

/** Driver → generated assembly it is linked with. */
export const PROGRAMS = {
  'b_pw88.c': ['pw88'],
  'b_dw3.c': ['dw3'],
  'b_pw44.c': ['pw44'],
  'b_pw84.c': ['pw84', 'misc'],
  'b_misc.c': ['misc', 'pw88'],
};

export const REGIONS = [
  { name: 'flash', origin: 0, bytes: 1 << 24, writable: false },
  { name: 'sram', origin: 0x20000000, bytes: 1 << 24, writable: true },
];

const CFLAGS =
  '-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Ofast -nostdlib -isystem libc -T link.ld'.split(
    ' ',
  );
const BUDGET = 2e9;
const NAME_BYTES = 64;

/** What the drivers use of a C library. */
const STRING_H = `#pragma once
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
`;
const LIBC = `#include <string.h>
#define PLAIN __attribute__((used, optimize("no-tree-loop-distribute-patterns")))
PLAIN void *memcpy(void *to, const void *from, size_t n) {
  char *d = to; const char *s = from; while (n--) *d++ = *s++; return to; }
PLAIN void *memset(void *to, int value, size_t n) { char *d = to; while (n--) *d++ = value; return to; }
PLAIN int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b; for (; n--; x++, y++) if (*x != *y) return *x - *y; return 0; }
`;

const runs = (program) => spawnSync(program, ['--version']).status === 0;

/** Empty when the kernels can be built, else what is missing. */
export function prototypesMissing() {
  if (!existsSync(join(FOLDER, 'gen_pw88.py'))) return `${FOLDER} (set SHARED_DIR)`;
  return ['python3', 'arm-none-eabi-gcc'].filter((program) => !runs(program)).join(', ');
}

/** The ELF file of a driver. */
export function buildPrototype(driver) {
  const cwd = mkdtempSync(join(tmpdir(), 'quantmcu-prototypes-'));
  try {
    for (const file of readdirSync(FOLDER).filter((name) => /\.(c|h|py|ld)$/.test(name))) {
      copyFileSync(join(FOLDER, file), join(cwd, file));
    }
    execFileSync('mkdir', ['libc'], { cwd });
    writeFileSync(join(cwd, 'libc/string.h'), STRING_H);
    writeFileSync(join(cwd, 'libc/libc.c'), LIBC);
    for (const name of PROGRAMS[driver]) execFileSync('python3', [`gen_${name}.py`], { cwd });
    const sources = ['start.c', 'libc/libc.c', driver, ...PROGRAMS[driver].map((name) => `${name}.S`)];
    execFileSync('arm-none-eabi-gcc', [...CFLAGS, ...sources, '-lgcc', '-o', 'a.elf'], {
      cwd,
      stdio: 'pipe',
    });
    return new Uint8Array(readFileSync(join(cwd, 'a.elf')));
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** Loads the program and resets the core. */
export function load(machine, elf) {
  for (const { loadAddress, data } of elf.segments) machine.write(loadAddress, data);
  machine.reset(0);
  return machine;
}

/** Calls `visit({name, macs, instructions, cycles, mismatches})` for each marked stretch until it returns false. */
export function eachKernel(machine, elf, visit) {
  const [begin, end] = ['bench_begin', 'bench_end'].map((name) => elf.symbols.get(name).address);
  while (machine.runUntil(begin, BUDGET).kind === 'reached') {
    const text = machine.read(machine.readRegister(0), NAME_BYTES);
    const name = new TextDecoder('latin1').decode(text.subarray(0, text.indexOf(0)));
    const macs = machine.readRegister(1);
    const before = machine.counters();
    machine.runUntil(end, BUDGET);
    const { instructions, cycles } = machine.counters();
    const cost = { instructions: instructions - before.instructions, cycles: cycles - before.cycles };
    if (!visit({ name, macs, ...cost, mismatches: machine.readRegister(0) })) return;
  }
}

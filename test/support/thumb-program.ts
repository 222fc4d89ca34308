/**
 * Small Thumb programs for emulator tests: assembled or compiled by arm-none-eabi-gcc in a temporary folder and
 * loaded into a machine. Tests skip by name where the compiler is missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readElf } from '../../src/compile/read-elf.js';
import type { Machine, MachineOptions } from '../../src/emulate/machine.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import type { CoreId } from '../../src/targets/target.js';

const GCC = 'arm-none-eabi-gcc';
export const hasArmGcc = spawnSync(GCC, ['--version']).status === 0;
export const hasObjdump = spawnSync('arm-none-eabi-objdump', ['--version']).status === 0;

export const FLASH_ORIGIN = 0;
/** Where assembled code starts. */
export const CODE_ORIGIN = 0x100;
export const SRAM_ORIGIN = 0x20000000;
export const FLASH_BYTES = 1 << 20;
export const SRAM_BYTES = 1 << 16;

const CORE_FLAGS: Readonly<Record<CoreId, readonly string[]>> = {
  m4: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16'],
  m7: ['-mcpu=cortex-m7', '-mfpu=fpv5-sp-d16'],
  m33: ['-mcpu=cortex-m33', '-mfpu=fpv5-sp-d16'],
};

/** Runs `action` with a temporary folder that is removed afterwards. */
export function inTemporaryFolder<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'quantmcu-emulate-'));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles and links source files (name → text) with the given further arguments; returns the ELF's bytes. */
export function buildElf(
  core: CoreId,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Uint8Array {
  return inTemporaryFolder((folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const sources = Object.keys(files).filter((name) => /\.[cS]$/.test(name));
    const flags = [...CORE_FLAGS[core], '-mthumb', '-mfloat-abi=hard', '-nostdlib'];
    execFileSync(GCC, [...flags, ...args, ...sources, '-o', 'out.elf'], { cwd: folder, stdio: 'pipe' });
    return new Uint8Array(readFileSync(join(folder, 'out.elf')));
  });
}

/** Assembles a program whose code starts at CODE_ORIGIN, behind a vector table that starts it at `start`. */
export function assemble(body: string, core: CoreId = 'm4'): ElfImage {
  const text = [
    '.syntax unified',
    '.thumb',
    '.section .vectors,"a"',
    `.word ${SRAM_ORIGIN + SRAM_BYTES}, start`,
    '.text',
    '.thumb_func',
    '.global start',
    '.type start,%function',
    'start:',
    body,
    '.global done',
    'done: b done',
    '',
  ].join('\n');
  const script = `SECTIONS { .vectors ${FLASH_ORIGIN} : { *(.vectors) } .text ${CODE_ORIGIN} : { *(.text*) *(.rodata*) } .data ${SRAM_ORIGIN} : { *(.data*) *(.bss*) } }`;
  return readElf(
    buildElf(core, { 'program.S': text, 'link.ld': script }, ['-Wl,--build-id=none', '-T', 'link.ld']),
  );
}

/** The assembled instructions themselves, from `start` up to the loop at `done`. */
export function programCode(image: ElfImage): Uint8Array {
  const from = symbolAddress(image, 'start');
  const segment = image.segments.find(
    ({ address, data }) => from >= address && from < address + data.length,
  )!;
  return segment.data.subarray(from - segment.address, symbolAddress(image, 'done') - segment.address);
}

/** The options of a machine with the test memories. */
export function testOptions(core: CoreId, changes: Partial<MachineOptions> = {}): MachineOptions {
  return {
    core,
    regions: [
      { name: 'flash', origin: FLASH_ORIGIN, bytes: FLASH_BYTES, writable: false },
      { name: 'sram', origin: SRAM_ORIGIN, bytes: SRAM_BYTES, writable: true },
    ],
    countCycles: true,
    watchMemory: true,
    ...changes,
  };
}

/** Puts an image into a machine and resets it. */
export function loadProgram(machine: Machine, image: ElfImage): void {
  for (const { loadAddress, data } of image.segments) machine.write(loadAddress, data);
  machine.reset(FLASH_ORIGIN);
}

export function symbolAddress(image: ElfImage, name: string): number {
  const symbol = image.symbols.get(name);
  if (symbol === undefined) throw new Error(`the test program has no symbol ${name}`);
  return symbol.address;
}

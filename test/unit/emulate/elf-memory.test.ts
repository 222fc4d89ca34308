/** Memory derived from an ELF file's segments, on images written by hand; layouts as linker scripts of vendors have them. */
import { describe, expect, it } from 'vitest';
import { elfMemory } from '../../../src/emulate/elf-memory.js';
import type { ElfImage, ElfSection, ElfSegment, ElfSymbol } from '../../../src/ir/elf-image.js';
import { findBoard } from '../../../src/targets/index.js';

const FLASH = 0x08000000;
const SRAM = 0x20000000;
const MIB = 1 << 20;

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

const segment = (changes: Partial<ElfSegment>): ElfSegment => {
  const data = changes.data ?? new Uint8Array(0);
  const address = changes.address ?? 0;
  return {
    ...{ address, loadAddress: address, data, memorySize: data.length, writable: false, executable: false },
    ...changes,
  };
};

const section = (name: string, address: number, size: number, flags: Partial<ElfSection>): ElfSection => ({
  ...{ name, address, size, allocated: true, writable: false, executable: false, zeroFilled: false },
  ...flags,
});

const image = (parts: Partial<ElfImage> & { readonly named?: readonly ElfSymbol[] }): ElfImage => ({
  ...{ entry: 0, segments: [], sections: [], functionAt: () => undefined },
  symbols: new Map((parts.named ?? []).map((symbol) => [symbol.name, symbol])),
  ...parts,
});

/** Vectors and code at the start of flash. */
const code = (sp: number, at = FLASH): ElfSegment => {
  const data = new Uint8Array(0x400);
  data.set(words(sp, at + 0x101));
  return segment({ address: at, data, memorySize: data.length, executable: true });
};

const briefly = (
  elf: ElfImage,
  ...more: [Parameters<typeof elfMemory>[1]?, Parameters<typeof elfMemory>[2]?]
) =>
  elfMemory(elf, ...more).regions.map(({ name, origin, bytes, writable, executable }) => [
    name,
    origin,
    bytes,
    writable ? (executable ? 'rwx' : 'rw') : 'rx',
  ]);

describe('elfMemory', () => {
  it('gives flash as far as the file goes, and a megabyte of SRAM', () => {
    const data = segment({
      ...{ address: SRAM, loadAddress: FLASH + 0x400, data: new Uint8Array(16), memorySize: 0x100 },
      writable: true,
    });
    const elf = image({ segments: [code(SRAM + 0x8000), data] });
    expect(briefly(elf)).toEqual([
      ['flash', FLASH, 0x1000, 'rx'],
      ['sram', SRAM, MIB, 'rw'],
    ]);
    expect(elfMemory(elf).start).toEqual({ vectorTable: FLASH, pc: FLASH + 0x100, sp: SRAM + 0x8000 });
  });

  it('adds room for a stack in memory of its own', () => {
    expect(briefly(image({ segments: [code(0x10008000)] }))).toEqual([
      ['flash', FLASH, 0x1000, 'rx'],
      ['sram', 0x10000000, 0x10000, 'rw'],
    ]);
  });

  it('lets code run that start-up copies to tightly coupled memory', () => {
    const itcm = segment({
      ...{ address: 0, loadAddress: FLASH + 0x400, data: new Uint8Array(64), memorySize: 64 },
      executable: true,
    });
    const elf = image({
      segments: [code(SRAM + 0x1000), itcm],
      sections: [section('.itcm', 0, 64, { executable: true })],
    });
    expect(briefly(elf)).toEqual([
      ['sram', 0, MIB, 'rwx'],
      ['flash', FLASH, 0x1000, 'rx'],
      ['sram2', SRAM, 0x10000, 'rw'],
    ]);
  });

  it('takes a program linked into one memory as writable, and starts it at its entry', () => {
    const elf = image({
      entry: 0x8000,
      segments: [
        segment({ address: 0x8000, data: new Uint8Array(0x100), memorySize: 0x100, executable: true }),
        segment({ address: 0x9000, data: new Uint8Array(16), memorySize: 64, writable: true }),
      ],
      sections: [
        section('.text', 0x8000, 0x100, { executable: true }),
        section('.data', 0x9000, 64, { writable: true }),
      ],
      named: [{ name: '__stack', address: 0x80000, size: 0, type: 'other' }],
    });
    expect(briefly(elf)).toEqual([
      ['flash', 0x8000, 0x1000, 'rx'],
      ['sram', 0x9000, MIB - 0x9000, 'rw'],
    ]);
    expect(elfMemory(elf).start).toEqual({ pc: 0x8000, sp: 0x80000 });
  });

  it('takes the limit of the stack from the linker script', () => {
    const limit: ElfSymbol = { name: '__StackLimit', address: SRAM + 0x7000, size: 0, type: 'other' };
    expect(elfMemory(image({ segments: [code(SRAM + 0x8000)], named: [limit] })).stackLimit).toBe(
      SRAM + 0x7000,
    );
    const above = { ...limit, address: SRAM + 0x9000 };
    expect(elfMemory(image({ segments: [code(SRAM + 0x8000)], named: [above] })).stackLimit).toBeUndefined();
  });

  it('gives a board’s memories, and more where asked', () => {
    const board = findBoard('l4r5zi')!;
    const elf = image({ segments: [code(SRAM + 0x8000)] });
    const registers = { origin: 0x40021000, bytes: 0x1000 };
    expect(briefly(elf, board, [registers])).toEqual([
      ['flash', FLASH, 2 * MIB, 'rx'],
      ['sram', SRAM, 640 * 1024, 'rw'],
      ['sram2', 0x40021000, 0x1000, 'rw'],
    ]);
  });

  it('refuses a program that outgrows the board', () => {
    const board = findBoard('nano33ble')!;
    const bss = segment({ address: SRAM + 0x30000, memorySize: 0x20000, writable: true });
    const elf = image({ segments: [code(SRAM + 0x1000, 0), bss] });
    expect(() => elfMemory(elf, board)).toThrow(
      /does not fit Arduino.*found 0x20030000 to 0x20050000; expected at most 0x20040000/,
    );
  });

  it('says when there is no start', () => {
    const elf = image({ segments: [segment({ address: FLASH, data: new Uint8Array(64), memorySize: 64 })] });
    expect(() => elfMemory(elf)).toThrow(/neither a vector table nor an entry/);
  });
});

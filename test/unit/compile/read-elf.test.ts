/** The ELF reader on a file written by hand, and on broken ones. */
import { describe, expect, it } from 'vitest';
import { elfMemoryUse, readElf } from '../../../src/compile/read-elf.js';
import { QuantmcuError } from '../../../src/support/errors.js';
import { createRandom } from '../../../src/support/random.js';
import { smallElf } from './elf-builder.js';

describe('readElf', () => {
  const image = readElf(smallElf());

  it('reads entry and segments, with run and load addresses', () => {
    expect(image.entry).toBe(0x08000000);
    expect(image.segments.map(({ data, ...rest }) => ({ ...rest, bytes: data.length }))).toEqual([
      {
        address: 0x08000000,
        loadAddress: 0x08000000,
        memorySize: 16,
        writable: false,
        executable: true,
        bytes: 16,
      },
      {
        address: 0x20000100,
        loadAddress: 0x08000010,
        memorySize: 36,
        writable: true,
        executable: false,
        bytes: 4,
      },
    ]);
    expect([...image.segments[1]!.data]).toEqual([1, 2, 3, 4]);
  });

  it('reads symbols without the Thumb bit and without mapping symbols', () => {
    expect([...image.symbols.keys()]).toEqual(['reset', 'main', 'arena', '__stack_top']);
    expect(image.symbols.get('main')).toEqual({
      name: 'main',
      address: 0x08000008,
      size: 6,
      type: 'function',
    });
    expect(image.symbols.get('arena')!.type).toBe('object');
  });

  it('finds the function of an address', () => {
    const name = (address: number): string | undefined => image.functionAt(address)?.name;
    expect([0x08000000, 0x08000007, 0x08000008, 0x0800000d].map(name)).toEqual([
      'reset',
      'reset',
      'main',
      'main',
    ]);
    expect([0x07fffffe, 0x0800000e, 0x20000104].map(name)).toEqual([undefined, undefined, undefined]);
  });

  it('sums flash and static SRAM, the stack apart', () => {
    expect(elfMemoryUse(image)).toEqual({ flashBytes: 16 + 4, staticSramBytes: 4 + 32 });
  });
});

describe('broken files', () => {
  const outcome = (bytes: Uint8Array): string => {
    try {
      readElf(bytes);
      return 'read';
    } catch (error) {
      if (!(error instanceof QuantmcuError)) throw error;
      expect(error.kind).toBe('input');
      expect(error.message).not.toContain('\n');
      return error.message;
    }
  };

  it('say what is wrong', () => {
    expect(outcome(new Uint8Array(0))).toBe('not a usable ARM ELF file: the ELF signature is missing');
    const other = smallElf();
    other[18] = 62;
    expect(outcome(other)).toBe('not a usable ARM ELF file: the machine is not ARM; found machine 62');
    const big = smallElf();
    big[5] = 2;
    expect(outcome(big)).toBe('not a usable ARM ELF file: only 32-bit little-endian files are read');
    expect(outcome(smallElf().subarray(0, 200))).toMatch(
      /reaches past the end of the file; found \d+\+\d+ of 200 bytes/,
    );
  });

  it('never crash: 3,000 mutations', () => {
    const counts = { read: 0, refused: 0 };
    for (let seed = 1; seed <= 3000; seed++) {
      const random = createRandom(seed);
      let bytes = smallElf();
      for (let i = random.integer(1, 4); i > 0; i--)
        bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      if (random.integer(0, 4) === 0) bytes = bytes.subarray(0, random.integer(0, bytes.length));
      counts[outcome(bytes) === 'read' ? 'read' : 'refused']++;
    }
    expect(counts.refused).toBeGreaterThan(500);
    expect(counts.read).toBeGreaterThan(500);
  });
});

/** Writes a small but complete ARM ELF executable, so that its reader can be tested without a compiler. */

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly data: Uint8Array;
  /** Size in memory of a section without bytes. */
  readonly size?: number;
  readonly link?: number;
}

interface Symbol {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly type: number;
}

const strings = (names: readonly string[]): { bytes: Uint8Array; offset(name: string): number } => {
  const text = `\0${names.map((name) => `${name}\0`).join('')}`;
  return { bytes: new TextEncoder().encode(text), offset: (name) => text.indexOf(`\0${name}\0`) + 1 };
};

/** Flash at 0x08000000 with 16 bytes of code, .data of 4 bytes at 0x20000100, .bss of 32, a stack of 256. */
export function smallElf(): Uint8Array {
  const symbols: Symbol[] = [
    { name: '$t', value: 0x08000000, size: 0, type: 0 },
    { name: 'reset', value: 0x08000001, size: 8, type: 2 },
    { name: 'main', value: 0x08000009, size: 6, type: 2 },
    { name: 'arena', value: 0x20000104, size: 32, type: 1 },
    { name: '__stack_top', value: 0x20000100, size: 0, type: 0 },
  ];
  const names = strings(symbols.map((symbol) => symbol.name));
  const table = new DataView(new ArrayBuffer(16 * (symbols.length + 1)));
  symbols.forEach(({ name, value, size, type }, i) => {
    const at = 16 * (i + 1);
    table.setUint32(at, names.offset(name), true);
    table.setUint32(at + 4, value, true);
    table.setUint32(at + 8, size, true);
    table.setUint8(at + 12, type);
  });
  const sections: Section[] = [
    { name: '', type: 0, flags: 0, address: 0, data: new Uint8Array(0) },
    {
      name: '.text',
      type: 1,
      flags: 6,
      address: 0x08000000,
      data: Uint8Array.from({ length: 16 }, (_, i) => i),
    },
    { name: '.stack', type: 8, flags: 3, address: 0x20000000, data: new Uint8Array(0), size: 256 },
    { name: '.data', type: 1, flags: 3, address: 0x20000100, data: Uint8Array.from([1, 2, 3, 4]) },
    { name: '.bss', type: 8, flags: 3, address: 0x20000104, data: new Uint8Array(0), size: 32 },
    { name: '.symtab', type: 2, flags: 0, address: 0, data: new Uint8Array(table.buffer), link: 6 },
    { name: '.strtab', type: 3, flags: 0, address: 0, data: names.bytes },
  ];
  return assemble(sections);
}

function assemble(given: readonly Section[]): Uint8Array {
  const names = strings([...given.map((section) => section.name), '.shstrtab']);
  const sections: Section[] = [
    ...given,
    { name: '.shstrtab', type: 3, flags: 0, address: 0, data: names.bytes },
  ];
  const programHeaders = 52;
  let at = programHeaders + 2 * 32;
  const offsets = sections.map(({ data }) => {
    const offset = at;
    at += Math.ceil(data.length / 4) * 4;
    return offset;
  });
  const bytes = new Uint8Array(at + 40 * sections.length);
  const view = new DataView(bytes.buffer);
  const words = (start: number, values: readonly number[]): void =>
    values.forEach((value, i) => {
      view.setUint32(start + 4 * i, value, true);
    });
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  words(16, [0x00280002, 1, 0x08000001, programHeaders, at, 0x05000400]);
  const halves = [52, 32, 2, 40, sections.length, sections.length - 1];
  halves.forEach((value, i) => {
    view.setUint16(40 + 2 * i, value, true);
  });
  words(programHeaders, [1, offsets[1]!, 0x08000000, 0x08000000, 16, 16, 5, 4]);
  words(programHeaders + 32, [1, offsets[3]!, 0x20000100, 0x08000010, 4, 36, 6, 4]);
  sections.forEach((section, i) => {
    bytes.set(section.data, offsets[i]!);
    const size = section.size ?? section.data.length;
    words(at + 40 * i, [
      names.offset(section.name),
      section.type,
      section.flags,
      section.address,
      offsets[i]!,
      size,
      section.link ?? 0,
      0,
      4,
      section.type === 2 ? 16 : 0,
    ]);
  });
  return bytes;
}

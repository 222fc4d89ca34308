/** Collects packed constants into one blob while steps are bound. */
import type { BoundConstant, ConstantType, ConstantUse } from '../ir/bound-plan.js';

const ALIGNMENT = 4;

export class ConstantPool {
  private readonly entries: BoundConstant[] = [];
  private readonly chunks: Uint8Array[] = [];
  /** Entries by type and hash of their bytes: the branches of a patch stage share most of theirs. */
  private readonly known = new Map<string, number[]>();
  private length = 0;

  /** Adds bytes (little-endian elements of `type`) unless the same stand there already; `name` must be unique. */
  add(name: string, type: ConstantType, bytes: Uint8Array): ConstantUse {
    const key = `${type} ${bytes.length} ${hashOf(bytes)}`;
    const alike = this.known.get(key) ?? [];
    const equal = alike.find((entry) => sameBytes(this.chunks[entry]!, bytes));
    if (equal !== undefined) return { constant: equal };
    this.known.set(key, [...alike, this.entries.length]);
    this.entries.push({ name, type, ref: { offset: this.length, length: bytes.length } });
    const padded = new Uint8Array(Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT);
    padded.set(bytes);
    this.chunks.push(padded);
    this.length += padded.length;
    return { constant: this.entries.length - 1 };
  }

  int32(name: string, values: ArrayLike<number>): ConstantUse {
    return this.add(name, 'int32_t', new Uint8Array(Int32Array.from(values).buffer));
  }

  int8(name: string, values: ArrayLike<number>): ConstantUse {
    return this.add(name, 'int8_t', new Uint8Array(Int8Array.from(values).buffer));
  }

  uint16(name: string, values: ArrayLike<number>): ConstantUse {
    return this.add(name, 'uint16_t', new Uint8Array(Uint16Array.from(values).buffer));
  }

  finish(): { table: readonly BoundConstant[]; bytes: Uint8Array } {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return { table: this.entries, bytes };
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}

/** `stored` may be longer: it is filled up to whole words. */
function sameBytes(stored: Uint8Array, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (stored[i] !== bytes[i]) return false;
  return true;
}

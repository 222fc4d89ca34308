/** Collects packed constants into one blob while steps are bound. */
import type { BoundConstant, ConstantType, ConstantUse } from '../ir/bound-plan.js';

const ALIGNMENT = 4;

export class ConstantPool {
  private readonly entries: BoundConstant[] = [];
  private readonly chunks: Uint8Array[] = [];
  private length = 0;

  /** Adds bytes (little-endian elements of `type`); `name` must be unique. */
  add(name: string, type: ConstantType, bytes: Uint8Array): ConstantUse {
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

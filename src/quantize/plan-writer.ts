/** Collects the constants of a plan while it is written: the only mutable state of the emission. */
import type { BlobRef } from '../ir/deploy-plan.js';

/** Constants are aligned so that an engine may read int32 in place. */
const ALIGNMENT = 4;

export class BlobWriter {
  private readonly parts: Uint8Array[] = [];
  private readonly packed = new Map<Int8Array, BlobRef>();
  private bytes = 0;

  /** Weights stand once, however many steps share the array. */
  weights(values: Int8Array, pack: (values: Int8Array) => Uint8Array): BlobRef {
    const known = this.packed.get(values) ?? this.add(pack(values));
    this.packed.set(values, known);
    return known;
  }

  add(bytes: Uint8Array): BlobRef {
    const offset = this.bytes;
    this.parts.push(bytes);
    this.bytes += Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
    return { offset, length: bytes.length };
  }
  int8(values: ArrayLike<number>): BlobRef {
    return this.add(new Uint8Array(Int8Array.from(values).buffer));
  }
  int32(values: ArrayLike<number>): BlobRef {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (let i = 0; i < values.length; i++) view.setInt32(4 * i, values[i]!, true);
    return this.add(new Uint8Array(view.buffer));
  }

  finish(): Uint8Array {
    const blob = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.parts) {
      blob.set(part, at);
      at += Math.ceil(part.length / ALIGNMENT) * ALIGNMENT;
    }
    return blob;
  }
}

/** A register that walks through memory: offsets are collected and added to it only where an immediate cannot hold them. */
import type { Assembly } from './assembly.js';

/** Largest immediate of LDR, STR, ADDW and SUBW. */
const MOST = 4095;

export class Pointer {
  /** Bytes that the register lags behind. */
  private lag = 0;

  /** `spare` is overwritten where a step is longer than an immediate. */
  constructor(
    private readonly a: Assembly,
    private readonly register: string,
    private readonly spare: string,
  ) {}

  get pending(): number {
    return this.lag;
  }

  /** The operand of a load or store `offset` bytes on. `reserve`: how far later ones of the same group go. */
  reach(offset: number, reserve = 0): string {
    if (this.lag + offset + reserve > MOST) this.settle();
    return `[${this.register}, #${this.lag + offset}]`;
  }

  move(bytes: number): void {
    this.lag += bytes;
  }

  /** Makes the register point where the walk is. */
  settle(): void {
    const { a, register, spare, lag } = this;
    const bytes = Math.abs(lag);
    const op = lag < 0 ? 'sub' : 'add';
    if (bytes > MOST) {
      a.emit(`movw ${spare}, #${bytes & 0xffff}`);
      if (bytes > 0xffff) a.emit(`movt ${spare}, #${bytes >>> 16}`);
      a.emit(`${op} ${register}, ${register}, ${spare}`);
    } else if (bytes > 0) {
      a.emit(`${op}w ${register}, ${register}, #${bytes}`);
    }
    this.lag = 0;
  }
}

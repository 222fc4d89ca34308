/**
 * A histogram that grows with its data: at most 2048 bins whose width, a power of two, doubles when a value falls
 * outside. Bins are aligned at 0, so doubling merges them in pairs exactly and the order of images cannot matter
 * but through the final width.
 */
import type { ValueHistogram } from '../ir/stage-data.js';

export const MAX_BINS = 2048;
/** Widths below this are noise of float32 arithmetic. */
const MIN_EXPONENT = -40;

export class StreamingHistogram {
  private exponent = MIN_EXPONENT;
  private firstBin = 0;
  private counts = new Float64Array(0);
  private zeros = 0;

  /** Makes every value in [min, max] fall into an existing bin. */
  cover(min: number, max: number): void {
    const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
    let first = this.firstBin;
    let last = this.firstBin + this.counts.length - 1;
    let exponent = this.exponent;
    for (;;) {
      const width = 2 ** exponent;
      const [from, to] = [Math.min(Math.floor(low / width), first), Math.max(Math.floor(high / width), last)];
      if (to - from < MAX_BINS) {
        this.rebin(exponent, from, to);
        return;
      }
      exponent++;
      first = Math.floor(first / 2);
      last = Math.floor(last / 2);
    }
  }

  private rebin(exponent: number, firstBin: number, lastBin: number): void {
    const counts = new Float64Array(lastBin - firstBin + 1);
    const merge = 2 ** (exponent - this.exponent);
    this.counts.forEach((count, i) => {
      const bin = Math.floor((this.firstBin + i) / merge) - firstBin;
      counts[bin] = counts[bin]! + count;
    });
    this.exponent = exponent;
    this.firstBin = firstBin;
    this.counts = counts;
  }

  get inverseWidth(): number {
    return 2 ** -this.exponent;
  }
  get first(): number {
    return this.firstBin;
  }
  get size(): number {
    return this.counts.length;
  }

  /** Adds counts of the present bins and a number of exact zeros. */
  add(counts: ArrayLike<number>, zeros: number): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i] = this.counts[i]! + counts[i]!;
    this.zeros += zeros;
  }

  finish(): ValueHistogram {
    return {
      binWidth: 2 ** this.exponent,
      firstBin: this.firstBin,
      counts: Array.from(this.counts),
      zeros: this.zeros,
    };
  }
}

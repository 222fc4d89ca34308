/** How faithful a feature map is: signal-to-quantisation-noise ratio and cosine, summed over any number of samples. */

export class FidelityMeter {
  private signal = 0;
  private noise = 0;
  private stored = 0;
  private product = 0;

  /** `expected` in the float network, `actual` in the quantised one, both in real values. */
  add(expected: ArrayLike<number>, actual: ArrayLike<number>): void {
    for (let i = 0; i < expected.length; i++) {
      const [a, b] = [expected[i]!, actual[i]!];
      this.signal += a * a;
      this.stored += b * b;
      this.product += a * b;
      this.noise += (a - b) * (a - b);
    }
  }

  /** 10·log10(Σ expected² / Σ (actual − expected)²); infinite when equal. */
  get sqnrDb(): number {
    if (this.noise === 0) return Number.POSITIVE_INFINITY;
    return 10 * Math.log10(this.signal / this.noise);
  }

  /** Of the maps as vectors; 1 when both are zero. */
  get cosine(): number {
    const norms = Math.sqrt(this.signal * this.stored);
    return norms === 0 ? (this.signal === this.stored ? 1 : 0) : this.product / norms;
  }
}

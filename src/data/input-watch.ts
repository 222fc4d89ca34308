/**
 * Watches what inputs come to in steps of the network's input grid, before they are cut off at its ends: a wrong
 * recipe shows in values far outside the calibrated range, or huddled in a corner of it.
 */
import type { InputSpec } from './input-spec.js';

/** Values that round to a step beyond the grid's end are no sign of a wrong recipe. */
const SLACK = 1;
const [LOWEST, HIGHEST] = [-128, 127];

export class InputWatch {
  private values = 0;
  private outside = 0;
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;

  /** `q` is a stored value as it would be without an end to the grid. */
  add(q: number): void {
    this.values += 1;
    if (q < LOWEST - SLACK || q > HIGHEST + SLACK) this.outside += 1;
    if (q < this.low) this.low = q;
    if (q > this.high) this.high = q;
  }

  addStored(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.add((bytes[i]! << 24) >> 24);
  }

  /** One sentence each; none when the inputs look as the network expects them. */
  warnings(spec: InputSpec, recipe: string): string[] {
    if (this.values === 0) return [];
    const real = (q: number): string => String(Number((spec.scale * (q - spec.zeroPoint)).toPrecision(3)));
    const seen = `${real(this.low)}…${real(this.high)}`;
    const expected = `${real(LOWEST)}…${real(HIGHEST)}`;
    const share = this.outside / this.values;
    const fix = `Is the recipe (${recipe}) right? --preset and --recipe change it.`;
    if (share > MOST_OUTSIDE)
      return [
        `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} % of the input values lie outside the range ${expected} of input "${spec.name}"; seen ${seen}. ${fix}`,
      ];
    if ((this.high - this.low) / (HIGHEST - LOWEST) < LEAST_SPAN)
      return [
        `the input values, ${seen}, use little of the range ${expected} of input "${spec.name}". ${fix}`,
      ];
    return [];
  }
}

/** Shares of the values, and of the range, beyond which a recipe is doubted. */
const MOST_OUTSIDE = 0.01;
const LEAST_SPAN = 0.25;

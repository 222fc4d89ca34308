/** requantize: the 256-entry table that kernels/lookup.ts and kernels/concatenation.ts look up. */
import { RequantizeTableArguments } from '../memory/arguments';
import { clampTo, scaleExact } from '../numeric/requantize';

// @ts-ignore: decorator
@inline
export function buildRequantizeTable(mode: i32, record: usize): void {
  const args = changetype<RequantizeTableArguments>(record);
  for (let i = 0; i < 256; i++) {
    const scaled = scaleExact(mode, <i32>(<i8>i) - args.inputZeroPoint, args.multiplier, args.shift);
    const q = clampTo(scaled + args.outputZeroPoint, args.clampMin, args.clampMax);
    store<i8>(args.table + <usize>i, <i8>q);
  }
}

/** add and sub: the table that kernels/binary.ts looks up. */
import { AddTableArguments } from '../memory/arguments';
import { clampTo, MULHI, scaleExact, XNNPACK } from '../numeric/requantize';

/** The input's share of the sum: (q − z)·m in modes mulhi and xnnpack, else scale((q − z) << leftShift). */
// @ts-ignore: decorator
@inline
function rescaleInput(mode: i32, difference: i32, leftShift: i32, multiplier: i32, shift: i32): i32 {
  if (mode == MULHI || mode == XNNPACK) return difference * multiplier;
  return scaleExact(mode, difference << leftShift, multiplier, shift);
}

// @ts-ignore: decorator
@inline
export function buildAddTable(mode: i32, record: usize): void {
  const args = changetype<AddTableArguments>(record);
  const table = args.table;
  for (let i = 0; i < 256; i++) {
    const first = rescaleInput(
      mode, <i32>(<i8>i) - args.firstZeroPoint, args.leftShift, args.firstMultiplier, args.firstShift,
    );
    for (let j = 0; j < 256; j++) {
      const second = rescaleInput(
        mode, <i32>(<i8>j) - args.secondZeroPoint, args.leftShift, args.secondMultiplier, args.secondShift,
      );
      const sum = first + args.secondSign * second;
      const scaled =
        mode == MULHI || mode == XNNPACK
          ? (sum + ((1 << args.outputShift) >> 1)) >> args.outputShift
          : scaleExact(mode, sum, args.outputMultiplier, args.outputShift);
      const q = clampTo(scaled + args.outputZeroPoint, args.clampMin, args.clampMax);
      store<i8>(table + <usize>((i << 8) | j), <i8>q);
    }
  }
}

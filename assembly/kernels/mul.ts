/** mul: the table that kernels/binary.ts looks up. */
import { MulTableArguments } from '../memory/arguments';
import { clampTo, scaleExact } from '../numeric/requantize';

// @ts-ignore: decorator
@inline
export function buildMulTable(mode: i32, record: usize): void {
  const args = changetype<MulTableArguments>(record);
  const table = args.table;
  for (let i = 0; i < 256; i++) {
    const first = <i32>(<i8>i) - args.firstZeroPoint;
    for (let j = 0; j < 256; j++) {
      const product = first * (<i32>(<i8>j) - args.secondZeroPoint);
      const scaled = scaleExact(mode, product, args.multiplier, args.shift);
      const q = clampTo(scaled + args.outputZeroPoint, args.clampMin, args.clampMax);
      store<i8>(table + <usize>((i << 8) | j), <i8>q);
    }
  }
}

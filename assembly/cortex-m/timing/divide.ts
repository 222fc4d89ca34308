/** Cycles that a division takes beyond its minimum, by the size of its quotient. */
import { DIVIDE_BITS, DIVIDE_MOST } from './tables';
import { noteExtra } from './extras';

/**
 * The dividers retire `bitsPerCycle` quotient bits a cycle and stop early: a quotient of q bits takes
 * minimum + ceil(q / bitsPerCycle), at most the maximum. TRM 3.3.1 gives 2 to 12 cycles for the M4 and says that
 * they depend on the operands' leading zeros; the slope between is the model's.
 */
export function divideCycles(op: usize, dividend: i32, divisor: i32, signed: bool): i32 {
  const n = signed ? <u32>abs<i32>(dividend) : <u32>dividend;
  const m = signed ? <u32>abs<i32>(divisor) : <u32>divisor;
  if (m == 0 || n < m) return 0;
  const bits = clz<u32>(m) - clz<u32>(n) + 1;
  const perCycle = <i32>load<u8>(DIVIDE_BITS);
  const most = <i32>load<u8>(DIVIDE_MOST);
  const extra = min<i32>((<i32>bits + perCycle - 1) / perCycle, most);
  noteExtra(op, extra);
  return extra;
}

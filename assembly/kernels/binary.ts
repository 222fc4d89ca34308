/**
 * Pointwise operators of two int8 inputs (add, mul) as a table of all 65536 results, built once at load:
 * exact by construction in every requantisation mode and at every width.
 */
import { BinaryArguments } from '../memory/arguments';

/** output[i] = table[first[i]][second[i mod period]] */
export function binary(record: usize): void {
  const args = changetype<BinaryArguments>(record);
  const table = args.table;
  const period = args.period;
  let first = args.first;
  let output = args.output;
  const end = first + <usize>args.count;
  while (first < end) {
    let second = args.second;
    const runEnd = first + <usize>period;
    for (; first < runEnd; first++) {
      const index = (<usize>load<u8>(first) << 8) | <usize>load<u8>(second++);
      store<u8>(output++, load<u8>(table + index));
    }
  }
}

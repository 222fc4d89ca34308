/** lookup and requantize: one table entry per element. */
import { LookupArguments } from '../memory/arguments';

// @ts-ignore: decorator
@inline
export function lookUpRun(input: usize, output: usize, table: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    store<u8>(output + i, load<u8>(table + <usize>load<u8>(input + i)));
  }
}

export function lookup(record: usize): void {
  const args = changetype<LookupArguments>(record);
  lookUpRun(args.input, args.output, args.table, args.count);
}

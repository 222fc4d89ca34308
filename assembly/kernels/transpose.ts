/** transpose: a strided gather in output order. */
import { TransposeArguments } from '../memory/arguments';

export function transpose(record: usize): void {
  const args = changetype<TransposeArguments>(record);
  let output = args.output;
  let plane = args.input;
  for (let i = args.size0; i > 0; i--) {
    let row = plane;
    for (let j = args.size1; j > 0; j--) {
      let element = row;
      for (let k = args.size2; k > 0; k--) {
        store<u8>(output++, load<u8>(element));
        element += <usize>args.stride2;
      }
      row += <usize>args.stride1;
    }
    plane += <usize>args.stride0;
  }
}

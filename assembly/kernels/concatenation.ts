/** concatenation: one call per input, which lies in the output as equally spaced runs. */
import { ConcatenationArguments } from '../memory/arguments';
import { lookUpRun } from './lookup';

export function concatenation(record: usize): void {
  const args = changetype<ConcatenationArguments>(record);
  let input = args.input;
  let output = args.output;
  for (let run = args.runs; run > 0; run--) {
    if (args.table) lookUpRun(input, output, args.table, args.runBytes);
    else memory.copy(output, input, args.runBytes);
    input += <usize>args.runBytes;
    output += <usize>args.outputStride;
  }
}

/** copy_window: rows of bytes from one pitch to another; crops, and views of a tensor in and out. */
import { CopyWindowArguments } from '../memory/arguments';

export function copyWindow(record: usize): void {
  const args = changetype<CopyWindowArguments>(record);
  let source = args.source;
  let target = args.target;
  for (let row = args.rows; row > 0; row--) {
    memory.copy(target, source, args.rowBytes);
    source += <usize>args.sourceStride;
    target += <usize>args.targetStride;
  }
}

/** resize_nearest: copies pixels by explicit source rows and columns. */
import { ResizeNearestArguments } from '../memory/arguments';

export function resizeNearest(record: usize): void {
  const args = changetype<ResizeNearestArguments>(record);
  const channels = <usize>args.channels;
  const width = <usize>args.outputWidth;
  let output = args.output;
  for (let y: usize = 0; y < <usize>args.outputHeight; y++) {
    const row = args.input + <usize>(load<i32>(args.rows + (y << 2)) * args.inputWidth) * channels;
    for (let x: usize = 0; x < width; x++) {
      memory.copy(output, row + <usize>load<i32>(args.columns + (x << 2)) * channels, channels);
      output += channels;
    }
  }
}

/** pad: the output filled with its zero point, then the input's pixels copied into place. */
import { PadArguments } from '../memory/arguments';

export function pad(record: usize): void {
  const args = changetype<PadArguments>(record);
  const channels = args.inputChannels;
  const pixelBytes = args.outputChannels;
  memory.fill(args.output, <u8>args.zeroPoint, args.outputHeight * args.outputWidth * pixelBytes);
  let source = args.input;
  for (let y = 0; y < args.inputHeight; y++) {
    const row = (args.top + y) * args.outputWidth + args.left;
    let target = args.output + <usize>(row * pixelBytes + args.front);
    if (channels == pixelBytes) {
      memory.copy(target, source, args.inputWidth * channels);
      source += <usize>(args.inputWidth * channels);
      continue;
    }
    for (let x = args.inputWidth; x > 0; x--) {
      memory.copy(target, source, channels);
      source += <usize>channels;
      target += <usize>pixelBytes;
    }
  }
}

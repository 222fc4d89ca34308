/**
 * The argument records: one block of 32-bit fields per step, written by src/simulate/wasm-layout.ts in this
 * very order (test/unit/simulate/wasm-layout.test.ts compares the two). Every kernel takes the address of
 * its record and nothing else.
 *
 * Activations stand in linear memory as one byte per element, dense [height][width][channels], at every
 * width: int8 as it is, 4- and 2-bit values as 0…15 and 0…3. Every buffer has SLACK_BYTES behind it,
 * because kernels load and store eight or sixteen bytes at a time.
 */

/** Readable and writable bytes behind every activation and scratch buffer. */
export const SLACK_BYTES: i32 = 32;

// @ts-ignore: decorator
@unmanaged
export class Conv2dArguments {
  /** int8 [inputHeight][inputWidth][inputChannels] */
  input: usize;
  /** int8 [pixels][outputChannels] */
  output: usize;
  /** int16 [channel group][taps / 2][8 channels][2 taps], from w − zero point, padded with zeros */
  weights: usize;
  /** channel groups, see memory/channel-group.ts */
  groups: usize;
  /** scratch: int16 [stripPixels / 4][taps / 2][4 pixels][2 taps] */
  strip: usize;
  /** scratch: int8 [4 pixels][taps], taps rounded up to 8 */
  column: usize;
  /** output pixels */
  pixels: i32;
  /** output pixels expanded at a time, a multiple of 4 */
  stripPixels: i32;
  outputChannels: i32;
  /** kernelHeight · kernelWidth · inputChannels, rounded up to 8 */
  taps: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
  inputZeroPoint: i32;
  inputHeight: i32;
  inputWidth: i32;
  inputChannels: i32;
  outputWidth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
}

// @ts-ignore: decorator
@unmanaged
export class DepthwiseConv2dArguments {
  /** int8 [inputHeight][inputWidth][inputChannels] */
  input: usize;
  /** int8 [outputHeight][outputWidth][outputChannels] */
  output: usize;
  /** general: int16 [channel group][kernelHeight · kernelWidth][8]; 3×3: see kernels/depthwise-conv2d-3x3.ts */
  weights: usize;
  /** channel groups, see memory/channel-group.ts */
  groups: usize;
  /** scratch: int8 [paddedHeight][paddedWidth][outputChannels]; 3×3: a row of zero points, two row pairs */
  padded: usize;
  inputHeight: i32;
  inputWidth: i32;
  inputChannels: i32;
  depthMultiplier: i32;
  inputZeroPoint: i32;
  paddedHeight: i32;
  paddedWidth: i32;
  outputHeight: i32;
  outputWidth: i32;
  outputChannels: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
}

// @ts-ignore: decorator
@unmanaged
export class FullyConnectedArguments {
  /** int8 [taps], read up to the next multiple of 8 */
  input: usize;
  /** int8 [outputChannels] */
  output: usize;
  /** int16 [channel group][taps / 2][8 channels][2 taps] */
  weights: usize;
  groups: usize;
  /** scratch: int16 [taps], taps rounded up to 8 */
  strip: usize;
  outputChannels: i32;
  /** inputs rounded up to 8 */
  taps: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

/** Shared by add and mul once their table of 65536 results is built. */
// @ts-ignore: decorator
@unmanaged
export class BinaryArguments {
  first: usize;
  second: usize;
  output: usize;
  /** int8 [256][256], index (byte of first) · 256 + byte of second */
  table: usize;
  /** elements of the output */
  count: i32;
  /** elements of the second operand before it repeats: count, channels or 1 */
  period: i32;
}

/** Of add-float.ts; the two maps and the output have one shape. */
// @ts-ignore: decorator
@unmanaged
export class AddFloatArguments {
  first: usize;
  second: usize;
  output: usize;
  count: i32;
  /** bits of float32 */
  firstScale: i32;
  secondScale: i32;
  offset: i32;
  clampMin: i32;
  clampMax: i32;
}

/** Builds an add's table. Rescaling constants as in AddScaling of src/ir/deploy-plan.ts. */
// @ts-ignore: decorator
@unmanaged
export class AddTableArguments {
  table: usize;
  leftShift: i32;
  firstZeroPoint: i32;
  firstMultiplier: i32;
  firstShift: i32;
  secondZeroPoint: i32;
  secondMultiplier: i32;
  secondShift: i32;
  /** 1 or −1 */
  secondSign: i32;
  outputMultiplier: i32;
  outputShift: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

// @ts-ignore: decorator
@unmanaged
export class MulTableArguments {
  table: usize;
  firstZeroPoint: i32;
  secondZeroPoint: i32;
  multiplier: i32;
  shift: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

/** Builds a 256-entry table of clamp(z_out + scale(q − z_in)), indexed by the byte of q. */
// @ts-ignore: decorator
@unmanaged
export class RequantizeTableArguments {
  table: usize;
  inputZeroPoint: i32;
  multiplier: i32;
  shift: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

/** output[i] = table[byte of input[i]] */
// @ts-ignore: decorator
@unmanaged
export class LookupArguments {
  input: usize;
  output: usize;
  /** int8 [256] */
  table: usize;
  count: i32;
}

// @ts-ignore: decorator
@unmanaged
export class Pool2dArguments {
  input: usize;
  output: usize;
  /** scratch: int32 [channels rounded up to 8]; unused by max_pool2d */
  sums: usize;
  /** int32 [count][multiplier, shift], average in mode mulhi only */
  perCount: usize;
  inputHeight: i32;
  inputWidth: i32;
  channels: i32;
  outputHeight: i32;
  outputWidth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  padTop: i32;
  padLeft: i32;
  /** average: added to every q before the division and taken off after it */
  origin: i32;
  inputZeroPoint: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

// @ts-ignore: decorator
@unmanaged
export class MeanArguments {
  input: usize;
  output: usize;
  /** scratch: int32 [channels rounded up to 8] */
  sums: usize;
  pixels: i32;
  channels: i32;
  inputZeroPoint: i32;
  multiplier: i32;
  shift: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

// @ts-ignore: decorator
@unmanaged
export class PadArguments {
  input: usize;
  output: usize;
  inputHeight: i32;
  inputWidth: i32;
  inputChannels: i32;
  outputHeight: i32;
  outputWidth: i32;
  outputChannels: i32;
  top: i32;
  left: i32;
  front: i32;
  zeroPoint: i32;
}

/** Output [size0][size1][size2], element (i, j, k) from input + i·stride0 + j·stride1 + k·stride2. */
// @ts-ignore: decorator
@unmanaged
export class TransposeArguments {
  input: usize;
  output: usize;
  size0: i32;
  size1: i32;
  size2: i32;
  stride0: i32;
  stride1: i32;
  stride2: i32;
}

/** One input of a concatenation: `runs` runs of `runBytes`, `outputStride` bytes apart in the output. */
// @ts-ignore: decorator
@unmanaged
export class ConcatenationArguments {
  input: usize;
  output: usize;
  /** int8 [256], or 0 to copy */
  table: usize;
  runs: i32;
  runBytes: i32;
  outputStride: i32;
}

// @ts-ignore: decorator
@unmanaged
export class SoftmaxArguments {
  input: usize;
  output: usize;
  /** int32 [256]: exp of differences 0, −1, … −255 in Q0.31 */
  expTable: usize;
  pixels: i32;
  channels: i32;
  outputZeroPoint: i32;
  clampMin: i32;
  clampMax: i32;
}

// @ts-ignore: decorator
@unmanaged
export class ResizeNearestArguments {
  input: usize;
  output: usize;
  /** int32 [outputHeight]: input row of each output row */
  rows: usize;
  /** int32 [outputWidth]: input column of each output column */
  columns: usize;
  inputWidth: i32;
  channels: i32;
  outputHeight: i32;
  outputWidth: i32;
}

/** Between canonical packing and one byte per element. */
// @ts-ignore: decorator
@unmanaged
export class LanesArguments {
  packed: usize;
  elements: usize;
  pixels: i32;
  channels: i32;
}

/** Rows of `rowBytes`, a stride apart at either end. */
// @ts-ignore: decorator
@unmanaged
export class CopyWindowArguments {
  source: usize;
  target: usize;
  rows: i32;
  rowBytes: i32;
  sourceStride: i32;
  targetStride: i32;
}

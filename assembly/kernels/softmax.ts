/**
 * softmax over the channels of each pixel, int8 out with zero point −128: TFLM's integer reference,
 * tensorflow/lite/kernels/internal/reference/softmax.h with gemmlowp's fixed point; exponentials by table.
 */
import { SoftmaxArguments } from '../memory/arguments';
import { clampTo, doublingHighMul, roundingShift } from '../numeric/requantize';

/** Integer bits of the sum of exponentials: Q12.19. */
const SUM_INTEGER_BITS: i32 = 12;
/** 48/17 and −32/17 in Q2.29, the start of gemmlowp's Newton–Raphson reciprocal. */
const FORTY_EIGHT_OVER_17: i32 = 1515870810;
const MINUS_32_OVER_17: i32 = -1010580540;
const ONE_Q2: i32 = 1 << 29;

// @ts-ignore: decorator
@inline
function shiftLeftSaturating(x: i32, bits: i32): i32 {
  const wide = <i64>x << <i64>bits;
  return <i32>max(<i64>i32.MIN_VALUE, min(<i64>i32.MAX_VALUE, wide));
}

/** 1 / (1 + a) of a in [0, 1), both Q0.31: gemmlowp one_over_one_plus_x_for_x_in_0_1. */
function oneOverOnePlus(a: i32): i32 {
  const half = <i32>((<i64>a + <i64>i32.MAX_VALUE + 1) >> 1);
  let x = FORTY_EIGHT_OVER_17 + doublingHighMul(half, MINUS_32_OVER_17);
  for (let i = 0; i < 3; i++) {
    x += shiftLeftSaturating(doublingHighMul(x, ONE_Q2 - doublingHighMul(half, x)), 2);
  }
  return shiftLeftSaturating(x, 1);
}

// @ts-ignore: decorator
@inline
function softmaxPixel(args: SoftmaxArguments, input: usize, output: usize): void {
  const channels = <usize>args.channels;
  const table = args.expTable;
  let largest = -128;
  for (let c: usize = 0; c < channels; c++) largest = max(largest, <i32>load<i8>(input + c));
  let sum = 0;
  for (let c: usize = 0; c < channels; c++) {
    const exponential = load<i32>(table + (<usize>(largest - <i32>load<i8>(input + c)) << 2));
    sum += roundingShift(exponential, SUM_INTEGER_BITS);
  }
  const headroom = <i32>clz(<u32>sum);
  const scale = oneOverOnePlus((sum << headroom) ^ i32.MIN_VALUE);
  // Beyond 31 every product, being less than 2^31, rounds to zero.
  const exponent = SUM_INTEGER_BITS - headroom + 31 - 8;
  for (let c: usize = 0; c < channels; c++) {
    const exponential = load<i32>(table + (<usize>(largest - <i32>load<i8>(input + c)) << 2));
    const product = doublingHighMul(scale, exponential);
    const q = exponent > 31 ? 0 : roundingShift(product, exponent);
    store<i8>(output + c, <i8>clampTo(q + args.outputZeroPoint, args.clampMin, args.clampMax));
  }
}

export function softmax(record: usize): void {
  const args = changetype<SoftmaxArguments>(record);
  for (let pixel = 0; pixel < args.pixels; pixel++) {
    const offset = <usize>(pixel * args.channels);
    softmaxPixel(args, args.input + offset, args.output + offset);
  }
}

/**
 * add and sub of two maps of one shape: q = round(float32(q0 · s0 + c) + q1 · s1), to even, then clamped; zero points
 * stand in c. src/simulate/wasm-add.ts runs this on all 65536 pairs at load and compares with the table of
 * kernels/add.ts before it is used.
 */
import { AddFloatArguments } from '../memory/arguments';
import { floatBase, MAGIC, XNNPACK } from '../numeric/requantize';

/** Four sums as int32 from int32 operands. */
// @ts-ignore: decorator
@inline
function addFour(first: v128, second: v128, firstScale: v128, secondScale: v128, offset: v128, base: v128): v128 {
  const a = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(first), firstScale), offset);
  const sum = f32x4.add(a, f32x4.mul(f32x4.convert_i32x4_s(second), secondScale));
  return i32x4.sub(f32x4.add(sum, f32x4.splat(MAGIC)), base);
}

/** Eight sums as int16. */
// @ts-ignore: decorator
@inline
function addEight(
  first: usize,
  second: usize,
  firstScale: v128,
  secondScale: v128,
  offset: v128,
  base: v128,
): v128 {
  const a = v128.load_ext<i8>(first);
  const b = v128.load_ext<i8>(second);
  return i16x8.narrow_i32x4_s(
    addFour(
      i32x4.extend_low_i16x8_s(a), i32x4.extend_low_i16x8_s(b), firstScale, secondScale, offset, base,
    ),
    addFour(
      i32x4.extend_high_i16x8_s(a), i32x4.extend_high_i16x8_s(b), firstScale, secondScale, offset, base,
    ),
  );
}

export function addFloat(record: usize): void {
  const args = changetype<AddFloatArguments>(record);
  const firstScale = i32x4.splat(args.firstScale);
  const secondScale = i32x4.splat(args.secondScale);
  const offset = i32x4.splat(args.offset);
  const base = floatBase(XNNPACK, 0);
  const clampMin = i8x16.splat(<i8>args.clampMin);
  const clampMax = i8x16.splat(<i8>args.clampMax);
  let first = args.first;
  let second = args.second;
  let output = args.output;
  const end = first + <usize>args.count;
  while (first < end) {
    const low = addEight(first, second, firstScale, secondScale, offset, base);
    const high = addEight(first + 8, second + 8, firstScale, secondScale, offset, base);
    v128.store(output, i8x16.max_s(i8x16.min_s(i8x16.narrow_i16x8_s(low, high), clampMax), clampMin));
    first += 16;
    second += 16;
    output += 16;
  }
}

/** What average_pool2d and max_pool2d share: the valid taps of a window. */

/** First kernel index whose tap lies at or after the image's start. */
// @ts-ignore: decorator
@inline
export function firstTap(start: i32, dilation: i32): i32 {
  return start < 0 ? (dilation - 1 - start) / dilation : 0;
}

/** One past the last kernel index whose tap lies before `size`. */
// @ts-ignore: decorator
@inline
export function endTap(start: i32, dilation: i32, kernel: i32, size: i32): i32 {
  const room = size - start;
  return room <= 0 ? 0 : min(kernel, (room + dilation - 1) / dilation);
}

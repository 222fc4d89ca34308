/** Short copies and fills without a call; they may write up to 15 bytes past the end (SLACK_BYTES). */

// @ts-ignore: decorator
@inline
export function copyRun(target: usize, source: usize, bytes: i32): void {
  for (let i: usize = 0; i < <usize>bytes; i += 16) v128.store(target + i, v128.load(source + i));
}

// @ts-ignore: decorator
@inline
export function fillRun(target: usize, value: i32, bytes: i32): void {
  const vector = i8x16.splat(<i8>value);
  for (let i: usize = 0; i < <usize>bytes; i += 16) v128.store(target + i, vector);
}

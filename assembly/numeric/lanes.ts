/**
 * Sub-byte packing, one formula in `bits` (src/numeric/lanes.ts): between canonical packed bytes and the
 * one byte per element that kernels compute on. Unused bits of a pixel's last byte are written as zero.
 * 8-bit maps need no conversion: their canonical bytes are what kernels compute on.
 */
import { LanesArguments } from '../memory/arguments';

/** Element `channel` of the packed pixel at `pixel`. */
// @ts-ignore: decorator
@inline
export function loadLane(bits: i32, pixel: usize, channel: i32): i32 {
  const bit = channel * bits;
  return (<i32>load<u8>(pixel + <usize>(bit >> 3)) >> (bit & 7)) & ((1 << bits) - 1);
}

// @ts-ignore: decorator
@inline
export function unpack(bits: i32, record: usize): void {
  const args = changetype<LanesArguments>(record);
  const channels = args.channels;
  const stride = <usize>((channels * bits + 7) >> 3);
  let pixel = args.packed;
  let target = args.elements;
  for (let p = args.pixels; p > 0; p--) {
    for (let c = 0; c < channels; c++) store<u8>(target++, <u8>loadLane(bits, pixel, c));
    pixel += stride;
  }
}

// @ts-ignore: decorator
@inline
export function pack(bits: i32, record: usize): void {
  const args = changetype<LanesArguments>(record);
  const channels = args.channels;
  const perByte = 8 / bits;
  let source = args.elements;
  let target = args.packed;
  for (let p = args.pixels; p > 0; p--) {
    for (let first = 0; first < channels; first += perByte) {
      const lanes = min(perByte, channels - first);
      let byte = 0;
      for (let lane = 0; lane < lanes; lane++) {
        byte |= (<i32>load<u8>(source++) & ((1 << bits) - 1)) << (lane * bits);
      }
      store<u8>(target++, <u8>byte);
    }
  }
}

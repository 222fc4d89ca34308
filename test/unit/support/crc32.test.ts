import { expect, it } from 'vitest';
import { crc32 } from '../../../src/support/crc32.js';

// The check value of CRC-32/ISO-HDLC in the RevEng catalogue; the others from zlib's crc32 in Python 3.11.
it.each([
  ['123456789', 0xcbf43926],
  ['', 0],
  ['a', 0xe8b7be43],
  ['\u0000\u0000\u0000\u0000', 0x2144df1c],
])('crc32(%j)', (text, expected) => {
  expect(crc32(new TextEncoder().encode(text))).toBe(expected);
});

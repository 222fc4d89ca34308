/**
 * Decodes uncompressed BMP files (8-bit palette, 24- and 32-bit), which sharp does not read.
 * Layout: BITMAPFILEHEADER and BITMAPINFOHEADER of the Windows GDI reference; little-endian, rows padded to
 * 4 bytes, bottom-up unless the height is negative, blue first.
 */
import { badInput, limit, unsupported } from '../support/errors.js';

export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  /** Interleaved red, green, blue. */
  readonly data: Uint8Array;
}

/** Bound on decoded pictures, against decompression bombs: 64 million pixels. */
export const MAX_PIXELS = 1 << 26;

const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
const RGB = 0;
const BITFIELDS = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bitsPerPixel: 8 | 24 | 32;
  readonly pixelOffset: number;
  readonly paletteOffset: number;
  readonly paletteEntries: number;
}

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** Throws a `QuantmcuError` on anything that is not a whole, uncompressed BMP. */
export function decodeBmp(bytes: Uint8Array, where: string): RgbPixels {
  const header = readHeader(bytes, where);
  const { width, height, bitsPerPixel } = header;
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const needed = header.pixelOffset + rowBytes * height;
  if (needed > bytes.length) {
    throw badInput('bmp/truncated', 'the picture is cut off', {
      where,
      found: `${bytes.length} bytes`,
      expected: `${needed}`,
    });
  }
  const data = new Uint8Array(width * height * 3);
  const copyPixel = pixelReader(bytes, header);
  for (let y = 0; y < height; y++) {
    const row = header.pixelOffset + rowBytes * (header.topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) copyPixel(row, x, data, (y * width + x) * 3);
  }
  return { width, height, data };
}

type PixelReader = (row: number, x: number, target: Uint8Array, at: number) => void;

/** Blue, green, red order in the file; palette entries are blue, green, red, unused. */
function pixelReader(bytes: Uint8Array, header: Header): PixelReader {
  const copyFrom = (source: number, target: Uint8Array, at: number): void => {
    target[at] = bytes[source + 2]!;
    target[at + 1] = bytes[source + 1]!;
    target[at + 2] = bytes[source]!;
  };
  const pixelBytes = header.bitsPerPixel / 8;
  if (header.bitsPerPixel !== 8) {
    return (row, x, target, at) => copyFrom(row + x * pixelBytes, target, at);
  }
  // An index beyond the palette is black, as in common readers.
  return (row, x, target, at) => {
    const index = bytes[row + x]!;
    if (index < header.paletteEntries) copyFrom(header.paletteOffset + index * 4, target, at);
  };
}

function readHeader(bytes: Uint8Array, where: string): Header {
  if (!isBmp(bytes) || bytes.length < FILE_HEADER_BYTES + INFO_HEADER_BYTES) {
    throw badInput('bmp/header', 'not a BMP file, or cut off in its header', { where });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const infoBytes = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bitsPerPixel = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (infoBytes < INFO_HEADER_BYTES) {
    throw unsupported('bmp/header', 'old BMP header', { where, found: `${infoBytes} bytes` });
  }
  if (width <= 0 || height === 0 || width * height > MAX_PIXELS) {
    throw limit('bmp/size', 'unreasonable size', {
      where,
      found: `${width}×${signedHeight}`,
      expected: `1 to ${MAX_PIXELS} pixels`,
    });
  }
  const plain = compression === RGB || (compression === BITFIELDS && bitsPerPixel === 32);
  if (!plain || (bitsPerPixel !== 8 && bitsPerPixel !== 24 && bitsPerPixel !== 32)) {
    throw unsupported('bmp/format', 'this kind of BMP is not read', {
      where,
      found: `${bitsPerPixel} bits, compression ${compression}`,
      expected: '8, 24 or 32 bits, uncompressed',
      fix: 'Convert the picture to PNG.',
    });
  }
  const paletteOffset = FILE_HEADER_BYTES + infoBytes;
  const declaredEntries = view.getUint32(46, true) || 256;
  const roomForEntries = Math.max(0, Math.floor((bytes.length - paletteOffset) / 4));
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bitsPerPixel,
    pixelOffset: view.getUint32(10, true),
    paletteOffset,
    paletteEntries: Math.min(declaredEntries, 256, roomForEntries),
  };
}

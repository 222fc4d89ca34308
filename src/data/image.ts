/** Picture files (PNG, JPEG, WebP, TIFF, GIF through sharp; BMP by our own decoder) → pixels of the network's size. */
import type { Sharp } from 'sharp';
import { badInput, QuantmcuError, unsupported } from '../support/errors.js';
import { decodeBmp, isBmp, MAX_PIXELS } from './bmp.js';
import type { Crop, Recipe } from './recipe.js';

/** [height, width, channels] */
type Shape = readonly [number, number, number];

export const IMAGE_SUFFIXES: readonly string[] = [
  '.png',
  '.jpg',
  '.jpeg',
  '.bmp',
  '.webp',
  '.tif',
  '.tiff',
  '.gif',
];

/**
 * Values 0…255 in canonical order, of `shape`. Resampling is sharp's `linear` kernel; EXIF orientation is
 * ignored, as in the pipelines that networks are trained with.
 */
export async function loadImage(
  bytes: Uint8Array,
  where: string,
  shape: Shape,
  recipe: Recipe,
): Promise<Uint8Array> {
  const channels = shape[2];
  if (channels !== 1 && channels !== 3) {
    throw unsupported('data/channels', 'a picture cannot feed this input', {
      where,
      found: `${channels} input channels`,
      expected: '1 or 3',
      fix: 'Give a raw tensor (.bin or .npy) instead.',
    });
  }
  const rgb = await decodeRgb(bytes, where, shape, recipe);
  if (channels === 1) return toGray(rgb);
  return recipe.channels === 'bgr' ? swapRedBlue(rgb) : rgb;
}

async function decodeRgb(
  bytes: Uint8Array,
  where: string,
  shape: Shape,
  recipe: Recipe,
): Promise<Uint8Array> {
  const [height, width] = shape;
  try {
    const { image, size } = await openImage(bytes, where);
    const box = cropBox(size.width, size.height, Math.max(height, width), recipe.crop);
    const cropped = box === undefined ? image : image.extract(box);
    const now = box ?? size;
    const resized =
      now.width === width && now.height === height
        ? cropped
        : cropped.resize(width, height, { fit: recipe.resize, kernel: 'linear' });
    return new Uint8Array(
      await resized.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer(),
    );
  } catch (error) {
    if (error instanceof QuantmcuError) throw error;
    throw badInput('data/image', `not a readable picture (${(error as Error).message})`, { where });
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Loaded when the first picture is: tensors and every other command work where sharp has no binary. */
async function loadSharp(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw unsupported('data/sharp', `sharp does not load (${(error as Error).message.split('\n')[0]})`, {
      fix: 'Type npm install --include=optional sharp, or give raw tensors.',
    });
  }
}

async function openImage(bytes: Uint8Array, where: string): Promise<{ image: Sharp; size: Size }> {
  const sharp = await loadSharp();
  if (isBmp(bytes)) {
    const { width, height, data } = decodeBmp(bytes, where);
    return { image: sharp(data, { raw: { width, height, channels: 3 } }), size: { width, height } };
  }
  const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
  const { width, height } = await image.metadata();
  return { image, size: { width, height } };
}

/** The centred square to keep, or undefined for the whole picture. */
export function cropBox(
  width: number,
  height: number,
  networkSize: number,
  crop: Crop,
): { left: number; top: number; width: number; height: number } | undefined {
  if (crop === 'none') return undefined;
  const shorter = Math.min(width, height);
  const side = Math.min(shorter, Math.max(1, cropSide(shorter, networkSize, crop)));
  if (side === width && side === height) return undefined;
  // Of an odd margin the larger half stands before, as with sharp's `centre` gravity.
  const before = (whole: number): number => Math.ceil((whole - side) / 2);
  return { left: before(width), top: before(height), width: side, height: side };
}

function cropSide(shorter: number, networkSize: number, crop: Exclude<Crop, 'none'>): number {
  if (crop !== 'network') return Math.round('size' in crop ? crop.size : crop.fraction * shorter);
  const usual = Math.round(0.875 * shorter);
  return networkSize <= shorter ? Math.max(usual, networkSize) : usual;
}

/** ITU-R BT.601 luma with 16-bit weights that sum to 65536, so that gray stays gray. */
function toGray(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, i) => {
    const sum = 19595 * rgb[3 * i]! + 38470 * rgb[3 * i + 1]! + 7471 * rgb[3 * i + 2]!;
    return (sum + 0x8000) >> 16;
  });
}

function swapRedBlue(rgb: Uint8Array): Uint8Array {
  return rgb.map((value, i) => (i % 3 === 0 ? rgb[i + 2]! : i % 3 === 2 ? rgb[i - 2]! : value));
}

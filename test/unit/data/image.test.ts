import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadImage } from '../../../src/data/image.js';
import { PRESETS } from '../../../src/data/recipe.js';

const recipe = PRESETS.stretch;
const RGB = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 40, 40, 40);
const png = async (): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp(RGB, { raw: { width: 2, height: 2, channels: 3 } })
      .png()
      .toBuffer(),
  );

describe('loadImage', () => {
  it('leaves a picture of the right size alone', async () => {
    expect(await loadImage(await png(), 'a.png', [2, 2, 3], recipe)).toEqual(RGB);
  });

  it('swaps to BGR on request', async () => {
    const bgr = await loadImage(await png(), 'a.png', [2, 2, 3], { ...recipe, channels: 'bgr' });
    expect([...bgr.subarray(0, 6)]).toEqual([0, 0, 255, 0, 255, 0]);
  });

  it('turns colour into BT.601 luma and keeps gray', async () => {
    // 0.299·255 = 76.2, 0.587·255 = 149.7, 0.114·255 = 29.07
    expect([...(await loadImage(await png(), 'a.png', [2, 2, 1], recipe))]).toEqual([76, 150, 29, 40]);
  });

  it('reads gray pictures for colour networks', async () => {
    const gray = await sharp(Uint8Array.of(9, 200), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    expect([...(await loadImage(gray, 'g.png', [1, 2, 3], recipe))]).toEqual([9, 9, 9, 200, 200, 200]);
  });

  it('crops before it resizes', async () => {
    const wide = Uint8Array.from([10, 10, 10, 90, 90, 90, 90, 90, 90, 10, 10, 10]);
    const file = await sharp(wide, { raw: { width: 4, height: 1, channels: 3 } })
      .png()
      .toBuffer();
    const cropped = await loadImage(file, 'w.png', [1, 1, 3], { ...recipe, crop: { size: 1 } });
    expect([...cropped]).toEqual([90, 90, 90]);
  });

  it('names a broken file and an input that no picture can feed', async () => {
    await expect(loadImage(Uint8Array.of(1, 2, 3), 'bad.jpg', [2, 2, 3], recipe)).rejects.toThrow(
      /^bad\.jpg: not a readable picture/,
    );
    await expect(loadImage(await png(), 'a.png', [2, 2, 4], recipe)).rejects.toThrow(
      /found 4 input channels/,
    );
  });
});

/** Rounds feature maps of a float runner to stored grids: whole, with a scale per channel, or region by region. */
import type { FakeQuantization, MapQuantization } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import { floatElements } from '../ops/float-reference.js';
import type { RunnerState } from './float-layers.js';
import { padTo } from './pack-float.js';

export function createRounder({ network, kernels, memory, addresses }: RunnerState) {
  /**
   * Addresses of scales and their inverses, by the number of channels: maps that share a grid may differ in it. Grids are
   * plain data that is never changed, so identity will do.
   */
  const stored = new WeakMap<FakeQuantization, Map<number, number>>();

  /** Layout of `fakeQuantizeChannels` (assembly/float/elementwise.ts). */
  const scalesOf = (grid: FakeQuantization, channels: number): number => {
    const byChannels = stored.get(grid) ?? new Map<number, number>();
    stored.set(grid, byChannels);
    const known = byChannels.get(channels);
    if (known !== undefined) return known;
    const padded = padTo(channels, 4);
    const address = memory.floats(2 * padded);
    const view = memory.view(address, 2 * padded);
    for (let c = 0; c < channels; c++) {
      view[c] = grid.scale * (grid.channelScales?.[c] ?? 1);
      view[padded + c] = 1 / view[c]!;
    }
    byChannels.set(channels, address);
    return address;
  };

  const roundRegion = (tensor: number, { y0, y1, x0, x1 }: Region, grid: FakeQuantization): void => {
    const [, width, channels] = network.tensors[tensor]!.shape;
    const scales = scalesOf(grid, channels);
    const [low, high] = [grid.min - grid.zeroPoint, grid.max - grid.zeroPoint];
    const start = (y: number, x: number): number => addresses[tensor]! + 4 * channels * (y * width + x);
    const round = (address: number, pixels: number): void =>
      kernels.fakeQuantizeChannels(address, pixels, channels, scales, low, high);
    if (x1 - x0 === width) round(start(y0, 0), (y1 - y0) * width);
    else for (let y = y0; y < y1; y++) round(start(y, x0), x1 - x0);
  };

  const roundWhole = (tensor: number, grid: FakeQuantization): void => {
    if (grid.channelScales !== undefined) {
      roundRegion(tensor, wholeOf(tensor), grid);
      return;
    }
    const { scale, zeroPoint, min, max } = grid;
    const count = floatElements(network.tensors[tensor]!);
    kernels.fakeQuantize(addresses[tensor]!, count, scale, min - zeroPoint, max - zeroPoint);
  };

  const wholeOf = (tensor: number): Region => {
    const [height, width] = network.tensors[tensor]!.shape;
    return { y0: 0, y1: height, x0: 0, x1: width };
  };
  /** Where the bytes of a stored map lie: one buffer, as large as the largest map that was asked for. */
  let buffer = { address: 0, bytes: 0 };
  const storedBytes = (count: number): number => {
    if (buffer.bytes < count) buffer = { address: memory.floats(Math.ceil(count / 4)), bytes: count };
    return buffer.address;
  };
  /** Calls a kernel for every run of pixels that share a grid. */
  const forEachRun = (
    tensor: number,
    quantization: MapQuantization,
    use: (map: number, stored: number, pixels: number, channels: number, grid: FakeQuantization) => void,
  ): void => {
    const [, width, channels] = network.tensors[tensor]!.shape;
    const parts = 'scale' in quantization ? [{ region: wholeOf(tensor), grid: quantization }] : quantization;
    for (const { region, grid } of parts) {
      const whole = region.x1 - region.x0 === width;
      const [rows, pixels] = whole
        ? [1, (region.y1 - region.y0) * width]
        : [region.y1 - region.y0, region.x1 - region.x0];
      for (let row = 0; row < rows; row++) {
        const at = channels * ((region.y0 + row) * width + region.x0);
        use(addresses[tensor]! + 4 * at, buffer.address + at, pixels, channels, grid);
      }
    }
  };

  return {
    /** The integers of a map that is rounded to these grids. */
    save(tensor: number, quantization: MapQuantization): Int8Array {
      const count = floatElements(network.tensors[tensor]!);
      const from = storedBytes(count);
      forEachRun(tensor, quantization, (map, stored, pixels, channels, grid) => {
        kernels.storeChannels(map, pixels, channels, scalesOf(grid, channels), grid.zeroPoint, stored);
      });
      return new Int8Array(kernels.memory.buffer, from, count).slice();
    },
    restore(tensor: number, quantization: MapQuantization, integers: Int8Array): void {
      new Int8Array(kernels.memory.buffer, storedBytes(integers.length), integers.length).set(integers);
      forEachRun(tensor, quantization, (map, stored, pixels, channels, grid) => {
        kernels.restoreChannels(map, pixels, channels, scalesOf(grid, channels), grid.zeroPoint, stored);
      });
    },
    round(tensor: number, quantization: MapQuantization): void {
      if ('scale' in quantization) roundWhole(tensor, quantization);
      else for (const { region, grid } of quantization) roundRegion(tensor, region, grid);
    },
    /** Takes the memory that rounding needs, so that a run leaves views of maps valid. */
    prepare(tensor: number, quantization: MapQuantization): void {
      const channels = network.tensors[tensor]!.shape[2];
      if (!('scale' in quantization)) for (const { grid } of quantization) scalesOf(grid, channels);
      else if (quantization.channelScales !== undefined) scalesOf(quantization, channels);
    },
  };
}

/** Rounds feature maps of a float runner to stored grids: whole, with a scale per channel, or region by region. */
import type { FakeQuantization, MapQuantization } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import { floatElements } from '../ops/float-reference.js';
import type { RunnerState } from './float-layers.js';
import { padTo } from './pack-float.js';

/** Pixels that follow each other and share a grid, and the bytes that they are stored as. */
interface Run {
  readonly map: number;
  readonly stored: number;
  readonly pixels: number;
  readonly channels: number;
  readonly scales: number;
  readonly zeroPoint: number;
}

export function createRounder({ network, kernels, memory, addresses }: RunnerState) {
  /**
   * Where the scales of a map's grids lie, by their place among its regions, and whose they are: the next grid of a map
   * takes the memory of the last. Grids are plain data that is never changed, so identity will do.
   */
  const slots: { readonly grid: FakeQuantization; readonly address: number }[][] = network.tensors.map(
    () => [],
  );

  /** Scales and their inverses, as `fakeQuantizeChannels` has them (assembly/float/elementwise.ts). */
  const scalesOf = (tensor: number, grid: FakeQuantization, place = 0): number => {
    const known = slots[tensor]![place];
    if (known?.grid === grid) return known.address;
    const channels = network.tensors[tensor]!.shape[2];
    const padded = padTo(channels, 4);
    const address = known?.address ?? memory.floats(2 * padded);
    const view = memory.view(address, 2 * padded);
    for (let c = 0; c < channels; c++) {
      view[c] = grid.scale * (grid.channelScales?.[c] ?? 1);
      view[padded + c] = 1 / view[c]!;
    }
    slots[tensor]![place] = { grid, address };
    return address;
  };

  const roundRegion = (
    tensor: number,
    { y0, y1, x0, x1 }: Region,
    grid: FakeQuantization,
    place: number,
  ): void => {
    const [, width, channels] = network.tensors[tensor]!.shape;
    const scales = scalesOf(tensor, grid, place);
    const [low, high] = [grid.min - grid.zeroPoint, grid.max - grid.zeroPoint];
    const start = (y: number, x: number): number => addresses[tensor]! + 4 * channels * (y * width + x);
    const round = (address: number, pixels: number): void =>
      kernels.fakeQuantizeChannels(address, pixels, channels, scales, low, high);
    if (x1 - x0 === width) round(start(y0, 0), (y1 - y0) * width);
    else for (let y = y0; y < y1; y++) round(start(y, x0), x1 - x0);
  };

  const roundWhole = (tensor: number, grid: FakeQuantization): void => {
    if (grid.channelScales !== undefined) {
      roundRegion(tensor, wholeOf(tensor), grid, 0);
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
  const forEachRun = (tensor: number, quantization: MapQuantization, use: (run: Run) => void): void => {
    const [, width, channels] = network.tensors[tensor]!.shape;
    const parts = 'scale' in quantization ? [{ region: wholeOf(tensor), grid: quantization }] : quantization;
    for (const [place, { region, grid }] of parts.entries()) {
      const { zeroPoint } = grid;
      const scales = scalesOf(tensor, grid, place);
      const whole = region.x1 - region.x0 === width;
      const [rows, pixels] = whole
        ? [1, (region.y1 - region.y0) * width]
        : [region.y1 - region.y0, region.x1 - region.x0];
      for (let row = 0; row < rows; row++) {
        const at = channels * ((region.y0 + row) * width + region.x0);
        use({
          map: addresses[tensor]! + 4 * at,
          stored: buffer.address + at,
          pixels,
          channels,
          scales,
          zeroPoint,
        });
      }
    }
  };

  return {
    /** The integers of a map that is rounded to these grids. */
    save(tensor: number, quantization: MapQuantization): Int8Array {
      const count = floatElements(network.tensors[tensor]!);
      const from = storedBytes(count);
      forEachRun(tensor, quantization, ({ map, stored, pixels, channels, scales, zeroPoint }) => {
        kernels.storeChannels(map, pixels, channels, scales, zeroPoint, stored);
      });
      return new Int8Array(kernels.memory.buffer, from, count).slice();
    },
    restore(tensor: number, quantization: MapQuantization, integers: Int8Array): void {
      new Int8Array(kernels.memory.buffer, storedBytes(integers.length), integers.length).set(integers);
      forEachRun(tensor, quantization, ({ map, stored, pixels, channels, scales, zeroPoint }) => {
        kernels.restoreChannels(map, pixels, channels, scales, zeroPoint, stored);
      });
    },
    round(tensor: number, quantization: MapQuantization): void {
      if ('scale' in quantization) roundWhole(tensor, quantization);
      else
        for (const [place, { region, grid }] of quantization.entries())
          roundRegion(tensor, region, grid, place);
    },
    /** Takes the memory that rounding needs, so that a run leaves views of maps valid. */
    prepare(tensor: number, quantization: MapQuantization): void {
      if (!('scale' in quantization))
        for (const [place, { grid }] of quantization.entries()) scalesOf(tensor, grid, place);
      else if (quantization.channelScales !== undefined) scalesOf(tensor, quantization);
    },
  };
}

/**
 * Runs the float and the quantised network side by side over all calibration samples, one layer at a time, so
 * that each layer can be fitted to the inputs that the quantised layers before it really give.
 *
 * Maps live only until their last reader has run; quantised ones are kept as integers.
 */
import type { FakeQuantization, FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';
import type { StoredMap } from './activation-grids.js';

export class Propagation {
  private readonly floatMaps: (Float32Array[] | undefined)[] = [];
  private readonly codes: (Int16Array[] | undefined)[] = [];
  private readonly lastReader: readonly number[];

  /** `quantized` already rounds its maps to `stored`. */
  constructor(
    private readonly network: FloatNetwork,
    private readonly float: FloatRunner,
    private readonly quantized: FloatRunner,
    private readonly stored: readonly StoredMap[],
    private readonly samples: readonly FloatSample[],
  ) {
    this.lastReader = network.tensors.map(({ id }) =>
      network.layers.reduce((last, layer, i) => (layer.inputs.includes(id) ? i : last), -1),
    );
    const nothing = { from: 0, to: 0 };
    const inputs = network.inputs.map((port) => port.tensor);
    for (const id of inputs) [this.floatMaps[id], this.codes[id]] = [[], []];
    for (const sample of samples) {
      float.run(sample, nothing);
      quantized.run(sample, nothing);
      for (const id of inputs) this.keep(id);
    }
  }

  /** The map in the float network. */
  floatMap(tensor: number, sample: number): Float32Array {
    return this.floatMaps[tensor]![sample]!;
  }

  /** The map in the quantised network, in real values. */
  quantizedMap(tensor: number, sample: number): Float32Array {
    const codes = this.codes[tensor]![sample]!;
    const values = new Float32Array(codes.length);
    this.forEachPart(tensor, (from, to, scales) => {
      // Plain loops: these maps hold millions of values per sample.
      for (let at = from; at < to; at += scales.length)
        for (let c = 0; c < scales.length; c++) values[at + c] = codes[at + c]! * scales[c]!;
    });
    return values;
  }

  /** Computes layer `index` of both networks for every sample. */
  advance(index: number): void {
    const layer = this.network.layers[index]!;
    const { output } = layer;
    const needed = this.lastReader[output]! > index;
    if (needed) {
      [this.floatMaps[output], this.codes[output]] = [[], []];
      this.samples.forEach((sample, s) => {
        for (const id of layer.inputs) {
          this.float.map(id).set(this.floatMap(id, s));
          this.quantized.map(id).set(this.quantizedMap(id, s));
        }
        const one = { from: index, to: index + 1 };
        this.float.run(sample, one);
        this.quantized.run(sample, one);
        this.keep(output);
      });
    }
    for (const id of layer.inputs)
      if (this.lastReader[id]! <= index) [this.floatMaps[id], this.codes[id]] = [undefined, undefined];
  }

  private keep(id: number): void {
    this.floatMaps[id]!.push(this.float.map(id).slice());
    const values = this.quantized.map(id);
    const codes = new Int16Array(values.length);
    this.forEachPart(id, (from, to, scales) => {
      for (let at = from; at < to; at += scales.length)
        for (let c = 0; c < scales.length; c++) codes[at + c] = Math.round(values[at + c]! / scales[c]!);
    });
    this.codes[id]!.push(codes);
  }

  /** Elements [from, to) of the map that share one grid, with its scales: one per channel, or one for all. */
  private forEachPart(id: number, use: (from: number, to: number, scales: Float32Array) => void): void {
    const { grid, regional } = this.stored[id]!;
    const [height, width, channels] = this.network.tensors[id]!.shape;
    const scalesOf = ({ scale, channelScales }: FakeQuantization): Float32Array =>
      Float32Array.from(channelScales ?? [1], (factor) => scale * factor);
    if (regional === undefined) {
      use(0, height * width * channels, scalesOf(grid));
      return;
    }
    for (const { region, grid: own } of regional) {
      const scales = scalesOf(own);
      for (let y = region.y0; y < region.y1; y++)
        use((y * width + region.x0) * channels, (y * width + region.x1) * channels, scales);
    }
  }
}

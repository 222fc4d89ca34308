/**
 * Runs the float and the quantised network side by side over all calibration samples, one layer at a time, so
 * that each layer can be fitted to the inputs that the quantised layers before it really give.
 *
 * Maps live only until their last reader has run; quantised ones are kept as integers.
 */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';

export class Propagation {
  private readonly floatMaps: (Float32Array[] | undefined)[] = [];
  private readonly codes: (Int8Array[] | undefined)[] = [];
  private readonly lastReader: readonly number[];

  /** `quantized` already rounds all its maps. */
  constructor(
    private readonly network: FloatNetwork,
    private readonly float: FloatRunner,
    private readonly quantized: FloatRunner,
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

  /** The map in the quantised network, in real values: a view that the next call overwrites. */
  quantizedMap(tensor: number, sample: number): Float32Array {
    this.quantized.restoreMap(tensor, this.codes[tensor]![sample]!);
    return this.quantized.map(tensor);
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
          this.quantized.restoreMap(id, this.codes[id]![s]!);
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
    this.codes[id]!.push(this.quantized.saveMap(id));
  }
}

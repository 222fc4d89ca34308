/**
 * Runs the float and the quantised network side by side over all calibration samples, one layer at a time, so
 * that each layer can be fitted to the inputs that the quantised layers before it really give.
 *
 * Maps live only until their last reader has run; quantised ones are kept as integers.
 */
import type { FloatNetwork, FloatRunner, FloatSample } from '../ir/float-network.js';

/** A map of every sample; what is kept once is not changed. */
interface KeptMaps {
  readonly float: Float32Array[];
  readonly codes: Int8Array[];
}

export class Propagation {
  private readonly lastReader: readonly number[];

  /** In every call `quantized` has the grids of the maps that it reads and writes: those that maps were saved with. */
  constructor(
    private readonly network: FloatNetwork,
    private readonly float: FloatRunner,
    private readonly quantized: FloatRunner,
    private readonly samples: readonly FloatSample[],
    private readonly kept: (KeptMaps | undefined)[] = [],
  ) {
    this.lastReader = network.tensors.map(({ id }) =>
      network.layers.reduce((last, layer, i) => (layer.inputs.includes(id) ? i : last), -1),
    );
  }

  /** Goes on from the same layer by itself; the maps so far are shared. */
  fork(): Propagation {
    return new Propagation(this.network, this.float, this.quantized, this.samples, [...this.kept]);
  }

  /** Takes the network's inputs. */
  enter(): void {
    const nothing = { from: 0, to: 0 };
    const inputs = this.network.inputs.map((port) => port.tensor);
    for (const id of inputs) this.kept[id] = { float: [], codes: [] };
    for (const sample of this.samples) {
      this.float.run(sample, nothing);
      this.quantized.run(sample, nothing);
      for (const id of inputs) this.keep(id);
    }
  }

  /** The map in the float network. */
  floatMap(tensor: number, sample: number): Float32Array {
    return this.kept[tensor]!.float[sample]!;
  }

  /** The map in the quantised network, in real values: a view that the next call overwrites. */
  quantizedMap(tensor: number, sample: number): Float32Array {
    this.quantized.restoreMap(tensor, this.kept[tensor]!.codes[sample]!);
    return this.quantized.map(tensor);
  }

  /** Computes layer `index` of both networks for every sample. */
  advance(index: number): void {
    const layer = this.network.layers[index]!;
    const { output } = layer;
    const needed = this.lastReader[output]! > index;
    if (needed) {
      this.kept[output] = { float: [], codes: [] };
      this.samples.forEach((sample, s) => {
        for (const id of layer.inputs) {
          this.float.map(id).set(this.floatMap(id, s));
          this.quantized.restoreMap(id, this.kept[id]!.codes[s]!);
        }
        const one = { from: index, to: index + 1 };
        this.float.run(sample, one);
        this.quantized.run(sample, one);
        this.keep(output);
      });
    }
    for (const id of layer.inputs) if (this.lastReader[id]! <= index) this.kept[id] = undefined;
  }

  private keep(id: number): void {
    this.kept[id]!.float.push(this.float.map(id).slice());
    this.kept[id]!.codes.push(this.quantized.saveMap(id));
  }
}

/**
 * Runs a FloatNetwork on SIMD kernels in WASM with every feature map observable.
 *
 * Each map has memory of its own, so all stay readable until the next run, and a run may start in the middle:
 * what a sensitivity analysis does thousands of times.
 */
import {
  type FloatNetwork,
  type FloatRunner,
  isWeighted,
  type MapQuantization,
} from '../ir/float-network.js';
import { floatElements } from '../ops/float-reference.js';
import { badInput, bug } from '../support/errors.js';
import { FloatMemory, instantiateFloatKernels } from './float-kernels.js';
import { type LayerProgram, prepareLayer, type RunnerState } from './float-layers.js';
import { createRounder } from './round-map.js';

/** A runner, and the memory behind it for kernels that read its maps in place. */
export interface FloatExecution {
  readonly runner: FloatRunner;
  readonly state: RunnerState;
}

export const createFloatRunner = (network: FloatNetwork): FloatRunner => createFloatExecution(network).runner;

export function createFloatExecution(network: FloatNetwork): FloatExecution {
  const kernels = instantiateFloatKernels();
  const memory = new FloatMemory(kernels);
  const state: RunnerState = {
    network,
    kernels,
    memory,
    addresses: network.tensors.map((tensor) => memory.floats(floatElements(tensor))),
  };
  const programs = network.layers.map((layer) => prepareLayer(layer, state));
  const grids = new Map<number, MapQuantization>();
  const rounder = createRounder(state);
  const map = (id: number): Float32Array =>
    memory.view(state.addresses[id]!, floatElements(network.tensors[id]!));
  const round = (id: number): void => {
    const quantization = grids.get(id);
    if (quantization !== undefined) rounder.round(id, quantization);
  };
  const gridOf = (id: number): MapQuantization => {
    const grid = grids.get(id);
    if (grid === undefined)
      throw bug('calibrate/save', `map ${id} is not rounded to stored integers`, { where: network.name });
    return grid;
  };
  const runner: FloatRunner = {
    network,
    map,
    run(sample, range) {
      const from = range?.from ?? 0;
      if (from === 0) {
        setInputs(network, sample, map);
        for (const port of network.inputs) round(port.tensor);
      }
      const to = range?.to ?? programs.length;
      for (let i = from; i < to; i++) {
        programs[i]!.run();
        round(network.layers[i]!.output);
      }
    },
    setWeights(layer, weights) {
      const own = network.layers[layer];
      if (own === undefined || !isWeighted(own))
        throw bug('calibrate/weights', `layer ${layer} has no weights`, { where: network.name });
      const program = programs[layer] as LayerProgram;
      program.setWeights?.(weights?.weights ?? own.weights, weights?.bias ?? own.bias);
    },
    setFakeQuantization(tensor, quantization) {
      if (quantization === undefined) grids.delete(tensor);
      else {
        rounder.prepare(tensor, quantization);
        grids.set(tensor, quantization);
      }
    },
    saveMap: (tensor) => rounder.save(tensor, gridOf(tensor)),
    restoreMap: (tensor, stored) => rounder.restore(tensor, gridOf(tensor), stored),
    roundMap(tensor, quantization) {
      rounder.prepare(tensor, quantization);
      rounder.round(tensor, quantization);
    },
  };
  return { runner, state };
}

function setInputs(
  network: FloatNetwork,
  sample: readonly Float32Array[],
  map: (id: number) => Float32Array,
): void {
  for (const [index, port] of network.inputs.entries()) {
    const values = sample[index];
    const expected = floatElements(network.tensors[port.tensor]!);
    if (values?.length !== expected)
      throw badInput('calibrate/input', `input ${port.name} has the wrong number of values`, {
        where: network.name,
        found: String(values?.length ?? 'none'),
        expected: String(expected),
      });
    map(port.tensor).set(values);
  }
}

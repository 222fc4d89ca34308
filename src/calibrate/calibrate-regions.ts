/**
 * What single regions of feature maps hold over the calibration samples: the values that each branch of a patch
 * stage computes. Regions may overlap.
 */
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import type { TensorRange } from '../ir/stage-data.js';
import type { RunnerState } from './float-layers.js';
import { MapObserver } from './map-observer.js';
import { createFloatExecution } from './run-float.js';

/** One entry per branch: by tensor its region there. */
export type BranchRegions = ReadonlyMap<number, Region>;

/**
 * By branch and tensor the range of the region's values. Only the first `layers` layers are run.
 * Errors: as `calibrate`.
 */
export function calibrateRegions(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  branches: readonly BranchRegions[],
  layers: number,
): ReadonlyMap<number, TensorRange>[] {
  const { runner, state } = createFloatExecution(network);
  const largest = Math.max(
    ...branches.flatMap((regions) => [...regions].map(([id, r]) => sizeOf(state, id, r))),
  );
  const scratch = state.memory.floats(largest);
  const observers = branches.map((regions) =>
    [...regions].map(([id, region]) => {
      const observer = new MapObserver(state, network.tensors[id]!, sizeOf(state, id, region));
      return { id, region, observer };
    }),
  );
  for (const sample of samples) {
    runner.run(sample, { from: 0, to: layers });
    for (const { id, region, observer } of observers.flat()) {
      copyRegion(state, id, region, scratch);
      observer.observe(scratch);
    }
  }
  return observers.map((own) => new Map(own.map(({ id, observer }) => [id, observer.finish()])));
}

const sizeOf = ({ network }: RunnerState, id: number, r: Region): number =>
  (r.y1 - r.y0) * (r.x1 - r.x0) * network.tensors[id]!.shape[2];

/** The region's pixels, row by row, at address `to`. */
function copyRegion(state: RunnerState, id: number, r: Region, to: number): void {
  const [, width, channels] = state.network.tensors[id]!.shape;
  const memory = new Float32Array(state.kernels.memory.buffer);
  const from = state.addresses[id]! / 4;
  const row = (r.x1 - r.x0) * channels;
  for (let y = r.y0; y < r.y1; y++) {
    const start = from + (y * width + r.x0) * channels;
    memory.copyWithin(to / 4 + (y - r.y0) * row, start, start + row);
  }
}

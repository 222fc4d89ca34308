/**
 * Graph + calibration samples → DeployPlan: normalise, calibrate, quantise. Stands between the stages and the
 * pipeline because it joins two of them and hands one the float engine of the other.
 */
import { buildFloatNetwork } from '../calibrate/build-network.js';
import { calibrate } from '../calibrate/calibrate.js';
import { createMatrixKernels } from '../calibrate/matrix-kernels.js';
import { calibrationKey, readRanges, reusableRanges, writeRanges } from '../calibrate/ranges-file.js';
import { createFloatRunner } from '../calibrate/run-float.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Graph } from '../ir/graph.js';
import type { BitAssignment, Ranges } from '../ir/stage-data.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  type QuantizeResult,
  quantizeNetwork,
} from '../quantize/quantize.js';
import type { FloatEngine } from '../quantize/quantize-weights.js';
import type { Host } from '../support/host.js';

export { buildFloatNetwork } from '../calibrate/build-network.js';
export { createFloatRunner } from '../calibrate/run-float.js';
export { parseBitAssignment } from '../quantize/bit-assignment.js';

/** The float engine in WASM, as the quantiser wants it. */
export const createFloatEngine = (): FloatEngine => ({
  createRunner: createFloatRunner,
  matrices: createMatrixKernels(),
});

export interface QuantizeModelOptions extends Partial<QuantizeOptions> {
  readonly assignment: BitAssignment;
  /** What the data is, for the key of stored ranges: file contents, recipe, seed. */
  readonly dataIdentity?: Iterable<string | Uint8Array>;
  /** Calibrated ranges are read from here when they fit, else written here. */
  readonly rangesFile?: { readonly host: Host; readonly path: string };
}

export interface QuantizedModel extends QuantizeResult {
  readonly network: FloatNetwork;
  readonly ranges: Ranges;
}

/** `samples` are calibration samples in real values, one array per network input. */
export async function quantizeModel(
  graph: Graph,
  samples: readonly FloatSample[],
  options: QuantizeModelOptions,
): Promise<QuantizedModel> {
  const network = buildFloatNetwork(graph);
  options.onProgress?.('calibrating');
  const ranges = await calibrated(network, samples, options);
  const result = quantizeNetwork(network, ranges, options.assignment, samples, createFloatEngine(), {
    ...DEFAULT_QUANTIZE_OPTIONS,
    ...options,
  });
  return { ...result, network, ranges };
}

async function calibrated(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  { rangesFile, dataIdentity }: QuantizeModelOptions,
): Promise<Ranges> {
  if (rangesFile === undefined) return calibrate(network, samples);
  const { host, path } = rangesFile;
  const key = calibrationKey(network, dataIdentity ?? sampleBytes(samples));
  if (await host.exists(path)) {
    const stored = reusableRanges(readRanges(new TextDecoder().decode(await host.readFile(path)), path), key);
    if (stored !== undefined) return stored;
  }
  const ranges = await calibrate(network, samples, { key });
  await host.writeFile(path, writeRanges(ranges));
  return ranges;
}

function* sampleBytes(samples: readonly FloatSample[]): Iterable<Uint8Array> {
  for (const sample of samples)
    for (const { buffer, byteOffset, byteLength } of sample)
      yield new Uint8Array(buffer, byteOffset, byteLength);
}

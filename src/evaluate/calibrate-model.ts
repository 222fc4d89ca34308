/**
 * Model + a folder of calibration data → float network, samples in real values and calibrated ranges: where
 * `quantize` and the width search start.
 */
import { buildFloatNetwork } from '../calibrate/build-network.js';
import { calibrationKey, readRanges, reusableRanges, writeRanges } from '../calibrate/ranges-file.js';
import { listFiles } from '../data/labelled-folder.js';
import type { Recipe } from '../data/recipe.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Graph } from '../ir/graph.js';
import type { Ranges } from '../ir/stage-data.js';
import { unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { shareable } from '../support/typed-arrays.js';
import { spreadSamples } from './evaluate.js';
import { readFloatInput } from './float-inputs.js';
import { observeRanges } from './observe-ranges.js';

/** Which calibration data, and how it is read. */
export interface CalibrationData {
  readonly host: Host;
  /** Labelled samples as `simulate` takes them, or plain files: labels are not used. */
  readonly folder: string;
  readonly recipe: Recipe;
  /** Only the first n samples of the list: the others stay unseen, for a test. */
  readonly first?: number;
  /** This many samples, spread evenly over the list. */
  readonly limit?: number;
  /** Ranges are read from here when they belong to network and data, else written here. */
  readonly rangesFile?: string;
}

export interface CalibrationProgress {
  /** Worker threads; the ranges are the same with any number. Default 1, this thread. */
  readonly threads?: number;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

export interface FloatModel {
  readonly graph: Graph;
  readonly network: FloatNetwork;
}

/** The model in real numbers, whatever its file holds. */
export const floatModel = (graph: Graph): FloatModel => ({ graph, network: buildFloatNetwork(graph) });

/** What a quantisation starts from; the search quantises it again and again. */
export interface CalibratedModel extends FloatModel {
  /** Real values, one array per network input. */
  readonly samples: readonly FloatSample[];
  readonly ranges: Ranges;
  /** The ranges came from the file. */
  readonly rangesReused: boolean;
}

/** Errors: `unsupported` for networks of several inputs, `input` for a folder or a file that does not fit. */
export async function calibrateModel(
  { graph, network }: FloatModel,
  data: CalibrationData,
  progress: CalibrationProgress = {},
): Promise<CalibratedModel> {
  const samples = await readCalibrationSamples(network, data, progress);
  const file = data.rangesFile === undefined ? undefined : { host: data.host, path: data.rangesFile };
  const calibrated = await calibrateOnce(network, samples, file, progress);
  return { graph, network, samples, ...calibrated };
}

/** Files in the order of the list, as the network's real input values. */
export async function readCalibrationSamples(
  network: FloatNetwork,
  { host, folder, recipe, first, limit }: CalibrationData,
  { onProgress }: CalibrationProgress = {},
): Promise<FloatSample[]> {
  if (network.inputs.length !== 1)
    throw unsupported('calibrate/inputs', 'a folder of files calibrates networks of one input', {
      where: network.name,
      found: `${network.inputs.length} inputs`,
    });
  const files = spreadSamples((await listFiles(host, folder)).slice(0, first), limit);
  const samples: FloatSample[] = [];
  for (const path of files) {
    samples.push([shareable(await readFloatInput(await host.readFile(path), path, network, recipe))]);
    onProgress?.('reading', samples.length, files.length);
  }
  return samples;
}

export interface RangesFile {
  readonly host: Host;
  readonly path: string;
}

/** Ranges of `samples`, from the file where it belongs to this very network and data. */
export async function calibrateOnce(
  network: FloatNetwork,
  samples: readonly FloatSample[],
  file: RangesFile | undefined,
  { onProgress, threads = 1 }: CalibrationProgress = {},
): Promise<{ readonly ranges: Ranges; readonly rangesReused: boolean }> {
  const onSample = (done: number): void => onProgress?.('calibrating', done, samples.length);
  if (file === undefined)
    return { ranges: await observeRanges(network, samples, { threads, onSample }), rangesReused: false };
  const { host, path } = file;
  const key = calibrationKey(network, sampleBytes(samples));
  if (await host.exists(path)) {
    const stored = reusableRanges(readRanges(new TextDecoder().decode(await host.readFile(path)), path), key);
    if (stored !== undefined) return { ranges: stored, rangesReused: true };
  }
  const ranges = await observeRanges(network, samples, { threads, key, onSample });
  await host.writeFile(path, writeRanges(ranges));
  return { ranges, rangesReused: false };
}

function* sampleBytes(samples: readonly FloatSample[]): Iterable<Uint8Array> {
  for (const sample of samples)
    for (const { buffer, byteOffset, byteLength } of sample)
      yield new Uint8Array(buffer, byteOffset, byteLength);
}

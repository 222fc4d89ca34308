/** Ranges as a JSON file, reused only when network, data and options are the same (their hash is the key). */
import { createHash } from 'node:crypto';
import { type FloatNetwork, isWeighted } from '../ir/float-network.js';
import { RANGES_FORMAT, RANGES_VERSION, type Ranges } from '../ir/stage-data.js';
import { badInput } from '../support/errors.js';

/**
 * Key of a calibration: a hash over the network's layers and weights and over what the caller says about the
 * data (file contents, recipe, seed, number of samples).
 */
export function calibrationKey(network: FloatNetwork, data: Iterable<string | Uint8Array>): string {
  const hash = createHash('sha256');
  hash.update(`${RANGES_FORMAT} ${RANGES_VERSION}\n`);
  hash.update(
    JSON.stringify(network, (_, value: unknown) => (value instanceof Float32Array ? value.length : value)),
  );
  for (const layer of network.layers)
    if (isWeighted(layer)) for (const values of [layer.weights, layer.bias]) hash.update(bytesOf(values));
  for (const part of data) {
    hash.update(`\n${part.length}\n`);
    hash.update(part);
  }
  return hash.digest('hex');
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

export const writeRanges = (ranges: Ranges): string => `${JSON.stringify(ranges)}\n`;

/** Reads a stored file; `where` names it in errors. */
export function readRanges(text: string, where: string): Ranges {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badInput('calibrate/json', `not JSON (${(error as Error).message})`, { where });
  }
  const ranges = value as Partial<Ranges> | null;
  if (ranges?.format !== RANGES_FORMAT || ranges.version !== RANGES_VERSION || !Array.isArray(ranges.tensors))
    throw badInput('calibrate/format', 'not a file of calibrated ranges', {
      where,
      found: `${ranges?.format ?? 'no format'} ${ranges?.version ?? ''}`.trim(),
      expected: `${RANGES_FORMAT} ${RANGES_VERSION}`,
      fix: 'Delete it to calibrate again.',
    });
  return ranges as Ranges;
}

/** The stored ranges when they belong to this calibration, else undefined. */
export const reusableRanges = (stored: Ranges, key: string): Ranges | undefined =>
  stored.key === key ? stored : undefined;

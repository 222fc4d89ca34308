/** THE importer list: which reader takes a model file, decided by the file's contents. */
import { graphProblems } from '../invariants/graph.js';
import type { Graph } from '../ir/graph.js';
import { badInput, QuantmcuError } from '../support/errors.js';
import { importOnnx, isOnnx, type OnnxOptions } from './onnx/import-onnx.js';
import { importTflite } from './tflite/import-tflite.js';

/** Sizes for the dynamic dimensions of a model, by name; the batch needs none. */
export type ImportOptions = OnnxOptions;

interface Importer {
  readonly format: Graph['source']['format'];
  /** Looks at the contents only; cheap. */
  matches(bytes: Uint8Array): boolean;
  /** Throws QuantmcuError, naming the file. */
  read(bytes: Uint8Array, fileName: string, options: ImportOptions): Graph;
}

/** The FlatBuffers file identifier stands at bytes 4…7. */
const isTflite = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(4, 8)) === 'TFL3';

/** First match wins; formats without a signature of their own go last. */
const IMPORTERS: readonly Importer[] = [
  { format: 'tflite', matches: isTflite, read: importTflite },
  { format: 'onnx', matches: isOnnx, read: importOnnx },
];

/**
 * Reads a model file into a verified Graph.
 * Errors: `input` for corrupt files, `unsupported` for valid ones that we cannot process, `limit` for
 * oversized ones; always one line naming the file.
 */
export function importModel(bytes: Uint8Array, fileName: string, options: ImportOptions = {}): Graph {
  const importer = IMPORTERS.find((candidate) => candidate.matches(bytes));
  if (importer === undefined)
    throw badInput('import/unknown-format', 'not a model file that can be read', {
      where: fileName,
      expected: `one of: ${IMPORTERS.map((i) => i.format).join(', ')}`,
    });
  const graph = readOrExplain(importer, bytes, fileName, options);
  const problems = graphProblems(graph);
  if (problems.length > 0)
    throw badInput('import/inconsistent', `${problems[0]}${andMore(problems.length - 1)}`, {
      where: fileName,
    });
  return graph;
}

const andMore = (count: number): string => (count > 0 ? ` (and ${count} more)` : '');

/** A reader's own range error means that the file made it read nonsense: still the file's fault. */
function readOrExplain(
  importer: Importer,
  bytes: Uint8Array,
  fileName: string,
  options: ImportOptions,
): Graph {
  try {
    return importer.read(bytes, fileName, options);
  } catch (error) {
    if (error instanceof QuantmcuError || !(error instanceof RangeError)) throw error;
    throw badInput('import/corrupt', `the ${importer.format} file is corrupt (${error.message})`, {
      where: fileName,
    });
  }
}

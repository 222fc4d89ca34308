/** ONNX Runtime (onnxruntime-web, WASM build) as an independent oracle of ONNX models. */
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;

export interface OnnxResult {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Values of the outputs by name. Optimisations are off, so that every value is computed as the file says. */
export async function runOnnxRuntime(
  model: Uint8Array,
  inputs: Readonly<Record<string, OnnxResult>>,
): Promise<Map<string, OnnxResult>> {
  const session = await create(model);
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { dims, data }]) => [name, new ort.Tensor('float32', data, dims)]),
    );
    const results = await session.run(feeds);
    return new Map(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { dims, data: Float32Array.from(data as Iterable<number>, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
}

async function create(model: Uint8Array): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
  } catch (error) {
    // The runtime's own stack would print the whole bundle.
    throw new Error(`ONNX Runtime refuses the model: ${(error as Error).message}`);
  }
}

export interface LiteRtModel {
  /** Names of the outputs, in the order of `run`'s results. */
  readonly outputNames: readonly string[];
  /** Raw bytes per input, in the file's order → raw bytes per output. */
  run(inputs: readonly Uint8Array[]): Promise<Uint8Array[]>;
  delete(): void;
}
export function compileLiteRt(model: Uint8Array): Promise<LiteRtModel>;
export function exposeTensors(model: Uint8Array, tensors: readonly number[]): Uint8Array;
export function reshapeTensor(model: Uint8Array, tensor: number, shape: readonly number[]): Uint8Array;
export function fixedShapes(model: Uint8Array): Uint8Array;
export function withFloatConstant(model: Uint8Array, tensor: number, values: Float32Array): Uint8Array;

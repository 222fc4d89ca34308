/** Loads float-kernels.wasm; every runner has an instance with its own linear memory. */
import { readFileSync } from 'node:fs';
import { bug, unsupported } from '../support/errors.js';

type Kernel<Result = void> = (...args: number[]) => Result;

/** Signatures and argument layouts: assembly/float, one file per operator. */
export interface FloatKernels {
  readonly memory: WebAssembly.Memory;
  readonly heapBase: number;
  readonly gemm: Kernel;
  readonly gemmUpper: Kernel;
  readonly conv2d: Kernel;
  readonly depthwiseConv2d: Kernel;
  readonly averagePool2d: Kernel;
  readonly maxPool2d: Kernel;
  readonly add: Kernel;
  readonly multiply: Kernel;
  readonly clamp: Kernel;
  readonly fakeQuantize: Kernel;
  readonly fakeQuantizeChannels: Kernel;
  readonly storeChannels: Kernel;
  readonly restoreChannels: Kernel;
  readonly packColumns: Kernel;
  readonly packTaps: Kernel;
  readonly tapProducts: Kernel;
  readonly transposeTaps: Kernel;
  readonly applyTaps: Kernel;
  readonly correlateTaps: Kernel;
  readonly choleskyUpper: Kernel<number>;
  readonly solveCholesky: Kernel;
  readonly nearestErrors: Kernel;
  readonly nearestPlanes: Kernel;
  readonly multiplyLanes: Kernel;
  readonly descend: Kernel<number>;
  readonly gridErrors: Kernel;
  readonly valueRange: Kernel;
  readonly histogram: Kernel<number>;
  readonly channelMoments: Kernel;
}

/** Rows of a left operand and columns of a right one that the product kernel takes at once (assembly/float/gemm.ts). */
export const STRIP_ROWS = 4;
export const PANEL_COLUMNS = 8;

const MODULE_URL = new URL('../../build/float-kernels.wasm', import.meta.url);
const PAGE_BYTES = 65536;

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  try {
    compiled ??= new WebAssembly.Module(readFileSync(MODULE_URL));
    return compiled;
  } catch {
    throw unsupported('calibrate/no-kernels', 'the float WASM kernels are not built', {
      where: 'build/float-kernels.wasm',
      fix: 'Run `npm run build`.',
    });
  }
}

export function instantiateFloatKernels(): FloatKernels {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: PAGE_BYTES });
  const { exports } = new WebAssembly.Instance(compile(), { env: { memory } });
  const heapBase = exports.HEAP_BASE;
  if (!(heapBase instanceof WebAssembly.Global))
    throw bug('calibrate/exports', 'float-kernels.wasm has no HEAP_BASE');
  return { ...(exports as unknown as FloatKernels), memory, heapBase: heapBase.value as number };
}

/** Bump allocation in a kernel instance's memory; 16-byte aligned, with slack for vectors that read past the end. */
export class FloatMemory {
  private top: number;

  constructor(private readonly kernels: FloatKernels) {
    this.top = align(kernels.heapBase);
  }

  /** Address of `count` floats, zero at first. Views taken earlier become invalid. */
  floats(count: number): number {
    const address = this.top;
    this.top = align(address + 4 * count + 16);
    const missing = this.top - this.kernels.memory.buffer.byteLength;
    if (missing > 0) this.kernels.memory.grow(Math.ceil(missing / PAGE_BYTES));
    return address;
  }

  view(address: number, count: number): Float32Array {
    return new Float32Array(this.kernels.memory.buffer, address, count);
  }
}

const align = (address: number): number => Math.ceil(address / 16) * 16;

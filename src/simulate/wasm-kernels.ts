/** Compiles kernels.wasm once per engine and gives every network an instance with its own linear memory. */
import { readFileSync } from 'node:fs';
import type { RequantMode } from '../numeric/requantize.js';
import { bug, unsupported } from '../support/errors.js';
import { LinearMemory } from './wasm-layout.js';

/** Kernels with one instance per requantisation mode, and those with one alone. */
export type ModalKernel =
  | 'conv2d_pointwise'
  | 'conv2d_windowed'
  | 'depthwise_conv2d'
  | 'depthwise_conv2d_3x3'
  | 'fully_connected'
  | 'average_pool2d'
  | 'mean'
  | 'build_add_table'
  | 'build_mul_table'
  | 'build_requantize_table';
export type PlainKernel =
  | 'add_float'
  | 'binary'
  | 'max_pool2d'
  | 'pad'
  | 'copy_window'
  | 'transpose'
  | 'concatenation'
  | 'softmax'
  | 'lookup'
  | 'resize_nearest'
  | 'unpack__a4'
  | 'unpack__a2'
  | 'pack__a4'
  | 'pack__a2';
export type KernelName = `${ModalKernel}__${RequantMode}` | PlainKernel;

export type Kernel = (record: number) => void;

/** Offsets inside a channel group, as the module itself states them (assembly/memory/channel-group.ts). */
export interface GroupLayout {
  readonly bytes: number;
  readonly bias: number;
  readonly floatScale: number;
  readonly multiplier: number;
  readonly scale: number;
  readonly rounding: number;
  readonly shift: number;
  readonly totalShift: number;
  readonly first: number;
}

export interface KernelInstance {
  readonly memory: LinearMemory;
  readonly group: GroupLayout;
  readonly slackBytes: number;
  kernel(name: KernelName): Kernel;
}

const MODULE_URL = new URL('../../build/kernels.wasm', import.meta.url);

export function compileKernels(): WebAssembly.Module {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(MODULE_URL));
  } catch {
    throw unsupported('simulate/no-kernels', 'the WASM kernels are not built', {
      where: 'build/kernels.wasm',
      fix: 'Run `npm run build`.',
    });
  }
  return new WebAssembly.Module(bytes);
}

function abort(): never {
  throw bug('simulate/abort', 'a WASM kernel aborted');
}

export function instantiateKernels(module: WebAssembly.Module): KernelInstance {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const constant = (name: string): number => {
    const value = exports[name];
    if (!(value instanceof WebAssembly.Global))
      throw bug('simulate/exports', `kernels.wasm has no constant ${name}`);
    return value.value as number;
  };
  const slackBytes = constant('SLACK_BYTES');
  return {
    memory: new LinearMemory(memory, constant('HEAP_BASE'), slackBytes),
    slackBytes,
    group: {
      bytes: constant('GROUP_BYTES'),
      bias: constant('GROUP_BIAS'),
      floatScale: constant('GROUP_FLOAT_SCALE'),
      multiplier: constant('GROUP_MULTIPLIER'),
      scale: constant('GROUP_SCALE'),
      rounding: constant('GROUP_ROUNDING'),
      shift: constant('GROUP_SHIFT'),
      totalShift: constant('GROUP_TOTAL_SHIFT'),
      first: constant('GROUP_FIRST'),
    },
    kernel: (name) => {
      const found = exports[name];
      if (typeof found !== 'function') throw bug('simulate/exports', `kernels.wasm has no kernel ${name}`);
      return found as Kernel;
    },
  };
}

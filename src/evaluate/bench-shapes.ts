/**
 * THE list of layers that kernels are measured on: those that figures of public kernels exist for
 * (targets/public-kernels.ts), and one each for the operators without weights.
 */
import type { StepOp } from '../ir/deploy-plan.js';

export type Extent = readonly [height: number, width: number, channels: number];

export interface BenchShape {
  /** Stable: part of every result's name. */
  readonly id: string;
  readonly op: StepOp;
  readonly input: Extent;
  readonly output: Extent;
  /** Side and stride of the window, padding SAME; absent where the operator has none. */
  readonly window?: { readonly kernel: number; readonly stride: number };
}

function conv(id: string, input: Extent, channels: number, kernel: number, stride = 1): BenchShape {
  return { id, op: 'conv2d', input, output: strided(input, channels, stride), window: { kernel, stride } };
}

function depthwise(id: string, input: Extent, stride: number, kernel = 3): BenchShape {
  const output = strided(input, input[2], stride);
  return { id, op: 'depthwise_conv2d', input, output, window: { kernel, stride } };
}

const strided = ([height, width]: Extent, channels: number, stride: number): Extent => [
  Math.ceil(height / stride),
  Math.ceil(width / stride),
  channels,
];

/** A depthwise convolution and the layer before it, which may write its map as the depthwise kernel wants it. */
export interface BenchChain {
  readonly before: BenchShape;
  readonly behind: BenchShape;
}

function chain(stride: number): BenchChain {
  const map: Extent = [24, 24, 96];
  const behind = depthwise(`dw 3x3 s${stride} 24x24x96 behind 1x1`, map, stride);
  return { before: conv(`1x1 24x24x16->96 before dw 3x3 s${stride}`, [24, 24, 16], 96, 1), behind };
}

export const BENCH_CHAINS: readonly BenchChain[] = [chain(1), chain(2)];

const MAP: Extent = [24, 24, 32];

export const BENCH_SHAPES: readonly BenchShape[] = [
  conv('1x1 24x24x96->24', [24, 24, 96], 24, 1),
  conv('1x1 12x12x32->192', [12, 12, 32], 192, 1),
  conv('1x1 6x6x576->96', [6, 6, 576], 96, 1),
  conv('1x1 48x48x16->96', [48, 48, 16], 96, 1),
  conv('1x1 12x12x128->128', [12, 12, 128], 128, 1),
  conv('3x3 16x16x32->32', [16, 16, 32], 32, 3),
  conv('first 3x3 s2 96x96x3->16', [96, 96, 3], 16, 3, 2),
  depthwise('dw 3x3 s1 24x24x96', [24, 24, 96], 1),
  depthwise('dw 3x3 s2 24x24x96', [24, 24, 96], 2),
  depthwise('dw 3x3 s1 6x6x576', [6, 6, 576], 1),
  depthwise('dw 5x5 s1 24x24x96', [24, 24, 96], 1, 5),
  depthwise('dw 7x7 s2 24x24x96', [24, 24, 96], 2, 7),
  { id: 'fc 1280->100', op: 'fully_connected', input: [1, 1, 1280], output: [1, 1, 100] },
  { id: 'add 24x24x32', op: 'add', input: MAP, output: MAP },
  { id: 'mul 24x24x32', op: 'mul', input: MAP, output: MAP },
  {
    id: 'average pool 6x6x576',
    op: 'average_pool2d',
    input: [6, 6, 576],
    output: [1, 1, 576],
    window: { kernel: 6, stride: 6 },
  },
  {
    id: 'max pool 2x2 24x24x32',
    op: 'max_pool2d',
    input: MAP,
    output: [12, 12, 32],
    window: { kernel: 2, stride: 2 },
  },
  { id: 'mean 6x6x576', op: 'mean', input: [6, 6, 576], output: [1, 1, 576] },
];

/** The assembly of kernels/depthwise_conv2d_planes.c and _rowpairs.c: planes gathered from bytes, and their rows convolved. */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import { pixelBytes, type Width } from '../../numeric/widths.js';
import { assemblyFile } from './assembly.js';
import { gatherPlanes } from './gather-planes.js';
import { gatherRowPairs } from './gather-row-pairs.js';
import { type PlaneShape, planeRows } from './planes.js';

/** Parameters: as firmware-templates/kernels/depthwise_conv2d_planes.h lists them. */
export function depthwisePlanes(kernel: KernelInstance, mode: FirmwareMode): string {
  const { name, inputBits, parameters = {} } = kernel;
  const { c = 0, i = 0, p = 0, x = 0, r = 0, g = 0 } = parameters;
  const functions = rowFunctions(kernel, mode);
  if (g === 1) {
    const pixels = { columns: i, left: p, pixelBytes: pixelBytes(c, inputBits), rowBytes: x };
    functions.push(gatherPlanes(`${name}_gather`, { inputBits, pitch: r, ...pixels }));
  }
  return assemblyFile(`Instance ${name} of kernels/depthwise_conv2d_planes.c.`, functions);
}

/** Planes stand ready. Parameters: as firmware-templates/kernels/depthwise_conv2d_planesready.h lists them. */
export const depthwiseReadyPlanes = (kernel: KernelInstance, mode: FirmwareMode): string =>
  assemblyFile(
    `Instance ${kernel.name} of kernels/depthwise_conv2d_planesready.c.`,
    rowFunctions(kernel, mode),
  );

function rowFunctions({ name, parameters = {} }: KernelInstance, mode: FirmwareMode): string[] {
  const { k = 3, c = 0, o = 0, w = 8, s = 1, v = 1, r = 0, f = 0 } = parameters;
  const outputBits = w as Width;
  const shape = {
    kernel: k,
    strideX: s,
    strideY: v,
    pitch: r,
    width: o,
    outputBits,
    pixelBytes: pixelBytes(c, outputBits),
    clamp: f === 1,
    rowPairs: false,
  };
  const functions = [planeRows(`${name}_rows`, shape, mode, false)];
  if (outputBits < 8) functions.push(planeRows(`${name}_merge`, shape, mode, true));
  return functions;
}

/** Parameters: as firmware-templates/kernels/depthwise_conv2d_rowpairs.h lists them. */
export function depthwiseRowPairs(kernel: KernelInstance, mode: FirmwareMode): string {
  const { name, inputBits, parameters = {} } = kernel;
  const { c = 0, i = 0, p = 0, x = 0, o = 0, w = 8, s = 1, v = 1, r = 0 } = parameters;
  const outputBits = w as Width;
  const shape: PlaneShape = {
    kernel: 3,
    strideX: s,
    strideY: v,
    pitch: r,
    width: o,
    outputBits,
    pixelBytes: pixelBytes(c, outputBits),
    clamp: false,
    rowPairs: true,
  };
  const pixels = { columns: i, left: p, pixelBytes: pixelBytes(c, inputBits), rowBytes: x };
  const functions = [
    planeRows(`${name}_rows`, shape, mode, false),
    gatherRowPairs(`${name}_gather`, { inputBits, pitch: r, ...pixels }),
  ];
  if (outputBits < 8) functions.push(planeRows(`${name}_merge`, shape, mode, true));
  return assemblyFile(`Instance ${name} of kernels/depthwise_conv2d_rowpairs.c.`, functions);
}

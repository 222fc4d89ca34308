/** The assembly of kernels/depthwise_conv2d_planes.c: planes gathered from bytes, and their rows convolved. */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import { assemblyFile } from './assembly.js';
import { gatherPlanes } from './gather-planes.js';
import { planeRows } from './planes.js';

/** Parameters: as firmware-templates/kernels/depthwise_conv2d_planes.h lists them. */
export function depthwisePlanes({ name, parameters = {} }: KernelInstance, mode: FirmwareMode): string {
  const { c = 0, i = 0, p = 0, x = 0, o = 0, s = 1, v = 1, r = 0, f = 0, g = 0 } = parameters;
  const shape = { strideX: s, strideY: v, pitch: r, width: o, channels: c, clamp: f === 1 };
  const functions = [planeRows(`${name}_rows`, shape, mode)];
  if (g === 1)
    functions.push(
      gatherPlanes(`${name}_gather`, { pitch: r, columns: i, left: p, pixelBytes: c, rowBytes: x }),
    );
  return assemblyFile(`Instance ${name} of kernels/depthwise_conv2d_planes.c.`, functions);
}

/**
 * THE list of assembly generators, by the file of the kernel that calls what they define. Pure functions of the
 * instance and the requantisation mode; unified syntax that GNU as and clang both take.
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import { addWords } from './add-words.js';
import { conv2dLanes, conv2dPairs } from './conv2d-lanes.js';
import { depthwisePlanes, depthwiseReadyPlanes, depthwiseRowPairs } from './depthwise-planes.js';
import { matrixColumns, matrixPlanes } from './matrix.js';
import { matrixRows } from './rows.js';
import { vectorColumns } from './vector.js';

export type AssemblyGenerator = (kernel: KernelInstance, mode: FirmwareMode) => string;

export const ASSEMBLY: Readonly<Record<string, AssemblyGenerator>> = {
  conv2d_lanes: conv2dLanes,
  conv2d_pairs: conv2dPairs,
  conv2d_columns: matrixColumns,
  conv2d_columnsplanes: matrixPlanes,
  conv2d_rows: matrixRows,
  fully_connected_columns: vectorColumns,
  depthwise_conv2d_planes: depthwisePlanes,
  depthwise_conv2d_planesready: depthwiseReadyPlanes,
  depthwise_conv2d_rowpairs: depthwiseRowPairs,
  add_words: addWords,
};

/**
 * Entry of kernels.wasm: one line per kernel instance, each taking the address of its argument record.
 *
 * Instances differ in the requantisation mode that the inner loop sees. Activations are one byte per element
 * at every width and weights int16 (assembly/README.md says why), so widths make no further instances but
 * in the conversions to and from canonical packing: a new width is one pair of lines there.
 */
import { buildAddTable } from './kernels/add';
import { averagePool2d } from './kernels/average-pool2d';
import { conv2dPointwise, conv2dWindowed } from './kernels/conv2d';
import { depthwiseConv2d } from './kernels/depthwise-conv2d';
import { depthwiseConv2d3x3 } from './kernels/depthwise-conv2d-3x3';
import { fullyConnected } from './kernels/fully-connected';
import { mean } from './kernels/mean';
import { buildMulTable } from './kernels/mul';
import { buildRequantizeTable } from './kernels/requantize';
import { pack, unpack } from './numeric/lanes';
import { MULHI, SINGLE, TFLM, XNNPACK } from './numeric/requantize';

export * from './memory/channel-group';
export { SLACK_BYTES } from './memory/arguments';

/** First byte behind the module's own static data. */
export const HEAP_BASE: usize = __heap_base;

export function conv2d_pointwise__tflm(record: usize): void { conv2dPointwise(TFLM, record); }
export function conv2d_pointwise__single(record: usize): void { conv2dPointwise(SINGLE, record); }
export function conv2d_pointwise__mulhi(record: usize): void { conv2dPointwise(MULHI, record); }
export function conv2d_pointwise__xnnpack(record: usize): void { conv2dPointwise(XNNPACK, record); }

export function conv2d_windowed__tflm(record: usize): void { conv2dWindowed(TFLM, record); }
export function conv2d_windowed__single(record: usize): void { conv2dWindowed(SINGLE, record); }
export function conv2d_windowed__mulhi(record: usize): void { conv2dWindowed(MULHI, record); }
export function conv2d_windowed__xnnpack(record: usize): void { conv2dWindowed(XNNPACK, record); }

export function depthwise_conv2d__tflm(record: usize): void { depthwiseConv2d(TFLM, record); }
export function depthwise_conv2d__single(record: usize): void { depthwiseConv2d(SINGLE, record); }
export function depthwise_conv2d__mulhi(record: usize): void { depthwiseConv2d(MULHI, record); }
export function depthwise_conv2d__xnnpack(record: usize): void { depthwiseConv2d(XNNPACK, record); }

export function depthwise_conv2d_3x3__tflm(record: usize): void { depthwiseConv2d3x3(TFLM, record); }
export function depthwise_conv2d_3x3__single(record: usize): void { depthwiseConv2d3x3(SINGLE, record); }
export function depthwise_conv2d_3x3__mulhi(record: usize): void { depthwiseConv2d3x3(MULHI, record); }
export function depthwise_conv2d_3x3__xnnpack(record: usize): void { depthwiseConv2d3x3(XNNPACK, record); }

export function fully_connected__tflm(record: usize): void { fullyConnected(TFLM, record); }
export function fully_connected__single(record: usize): void { fullyConnected(SINGLE, record); }
export function fully_connected__mulhi(record: usize): void { fullyConnected(MULHI, record); }
export function fully_connected__xnnpack(record: usize): void { fullyConnected(XNNPACK, record); }

export function average_pool2d__tflm(record: usize): void { averagePool2d(TFLM, record); }
export function average_pool2d__single(record: usize): void { averagePool2d(SINGLE, record); }
export function average_pool2d__mulhi(record: usize): void { averagePool2d(MULHI, record); }
export function average_pool2d__xnnpack(record: usize): void { averagePool2d(XNNPACK, record); }

export function mean__tflm(record: usize): void { mean(TFLM, record); }
export function mean__single(record: usize): void { mean(SINGLE, record); }
export function mean__mulhi(record: usize): void { mean(MULHI, record); }
export function mean__xnnpack(record: usize): void { mean(XNNPACK, record); }

export function build_add_table__tflm(record: usize): void { buildAddTable(TFLM, record); }
export function build_add_table__single(record: usize): void { buildAddTable(SINGLE, record); }
export function build_add_table__mulhi(record: usize): void { buildAddTable(MULHI, record); }
export function build_add_table__xnnpack(record: usize): void { buildAddTable(XNNPACK, record); }

export function build_mul_table__tflm(record: usize): void { buildMulTable(TFLM, record); }
export function build_mul_table__single(record: usize): void { buildMulTable(SINGLE, record); }
export function build_mul_table__mulhi(record: usize): void { buildMulTable(MULHI, record); }
export function build_mul_table__xnnpack(record: usize): void { buildMulTable(XNNPACK, record); }

export function build_requantize_table__tflm(record: usize): void { buildRequantizeTable(TFLM, record); }
export function build_requantize_table__single(record: usize): void { buildRequantizeTable(SINGLE, record); }
export function build_requantize_table__mulhi(record: usize): void { buildRequantizeTable(MULHI, record); }
export function build_requantize_table__xnnpack(record: usize): void { buildRequantizeTable(XNNPACK, record); }

export { addFloat as add_float } from './kernels/add-float';
export { binary } from './kernels/binary';
export { maxPool2d as max_pool2d } from './kernels/max-pool2d';
export { copyWindow as copy_window } from './kernels/copy-window';
export { pad } from './kernels/pad';
export { transpose } from './kernels/transpose';
export { concatenation } from './kernels/concatenation';
export { softmax } from './kernels/softmax';
export { lookup } from './kernels/lookup';
export { resizeNearest as resize_nearest } from './kernels/resize-nearest';

export function unpack__a4(record: usize): void { unpack(4, record); }
export function unpack__a2(record: usize): void { unpack(2, record); }
export function pack__a4(record: usize): void { pack(4, record); }
export function pack__a2(record: usize): void { pack(2, record); }

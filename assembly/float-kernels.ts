/** Entry of float-kernels.wasm: the float layers on SIMD, one file per operator in float/. */
export { gemm, gemmUpper, STRIP_ROWS, PANEL_COLUMNS } from './float/gemm';
export { conv2d } from './float/conv2d';
export { depthwiseConv2d } from './float/depthwise-conv2d';
export { averagePool2d, maxPool2d } from './float/pool2d';
export { add, multiply, clamp, fakeQuantize, fakeQuantizeChannels } from './float/elementwise';
export { storeChannels, restoreChannels } from './float/stored-map';
export { packColumns, packTaps } from './float/columns';
export { tapProducts, transposeTaps, applyTaps, correlateTaps } from './float/tap-products';
export { choleskyUpper, solveCholesky } from './float/cholesky';
export { nearestErrors, nearestPlanes, multiplyLanes, descend, gridErrors } from './float/round-weights';
export { valueRange, histogram, channelMoments } from './float/observe';

/** First byte behind the module's own static data. */
export const HEAP_BASE: usize = __heap_base;

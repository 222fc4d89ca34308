/**
 * THE list of kernel variants, in order of preference: of those that apply to a step and leave the arena as small as
 * the portable kernels do, the first is taken (choose.ts). The portable kernel of bind-step.ts always applies.
 *
 * Adding one: a file here; `firmware-templates/kernels/<op>_<name>.c` and `.h`; where its inner loop is generated
 * assembly, a generator in src/codegen/asm and its row there. test/parity/variants.test.ts runs every row.
 */
import { ADD_WORDS } from './add-words.js';
import { CONV2D_COLUMNS, CONV2D_COLUMNS_PLANES } from './conv2d-columns.js';
import { CONV2D_LANE_VARIANTS, FULLY_CONNECTED_LANE_VARIANTS } from './conv2d-lanes.js';
import { CONV2D_ROWS, CONV2D_STRIPS } from './conv2d-rows.js';
import { DEPTHWISE_PLANES } from './depthwise-planes.js';
import { DEPTHWISE_PLANES_READY } from './depthwise-planes-ready.js';
import { DEPTHWISE_ROW_PAIRS } from './depthwise-row-pairs.js';
import { FULLY_CONNECTED_COLUMNS } from './fully-connected-columns.js';
import type { AnyKernelVariant, LinkedVariants } from './variant.js';

/**
 * Kernels of two neighbouring steps that agree on the layout of the map between them: both or neither. Taken where they are
 * measured to be quicker together (choose.ts), or asked for. test/parity/planes.test.ts runs every row.
 */
export const LINKED_VARIANTS: readonly LinkedVariants[] = [
  { writer: CONV2D_COLUMNS_PLANES, reader: DEPTHWISE_PLANES_READY },
];

export const KERNEL_VARIANTS: readonly AnyKernelVariant[] = [
  ...CONV2D_LANE_VARIANTS,
  CONV2D_ROWS,
  CONV2D_STRIPS,
  CONV2D_COLUMNS,
  FULLY_CONNECTED_COLUMNS,
  ...FULLY_CONNECTED_LANE_VARIANTS,
  DEPTHWISE_ROW_PAIRS,
  ...DEPTHWISE_PLANES,
  ADD_WORDS,
];

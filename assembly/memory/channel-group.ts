/**
 * Constants of eight output channels: what the requantisation of one group reads, written by
 * src/simulate/wasm-constants.ts. The offsets below are exported from the module, so there is one source.
 *
 *      0 ┌────────────────────────┐
 *        │ bias        int32[8]   │ accumulator start, input zero point folded in
 *     32 ├────────────────────────┤
 *        │ float scale float32[8] │ of the short form; weights and bias are then scaled to suit
 *     64 ├────────────────────────┤
 *        │ multiplier  int32[8]   │
 *     96 ├────────────────────────┤
 *        │ scale       uint32[8]  │ power of two that brings all eight channels to one shift
 *    128 ├────────────────────────┤
 *        │ rounding    int64[8]   │ added to the 64-bit product
 *    192 ├────────────────────────┤
 *        │ shift       int32[8]   │ of each channel, for the exact path
 *    224 ├────────────────────────┤
 *        │ total shift int32      │ FLOAT_FORM, FAST_SHIFT, another shift, or 0: no proof, take the exact path
 *    228 ├────────────────────────┤
 *        │ first       int32      │ first channel of the group
 *    232 └────────────────────────┘ padded to 240
 *
 * Groups start at channels 0, 8, 16 …; where the count is no multiple of 8 the last group of a tensor with
 * at least 8 channels starts at channels − 8 and computes some channels twice. With fewer than 8 channels
 * the surplus lanes are written and then overwritten by the next pixel, so pixels go in ascending order.
 */
export const GROUP_BIAS: i32 = 0;
export const GROUP_FLOAT_SCALE: i32 = GROUP_BIAS + 32;
export const GROUP_MULTIPLIER: i32 = GROUP_FLOAT_SCALE + 32;
export const GROUP_SCALE: i32 = GROUP_MULTIPLIER + 32;
export const GROUP_ROUNDING: i32 = GROUP_SCALE + 32;
export const GROUP_SHIFT: i32 = GROUP_ROUNDING + 64;
export const GROUP_TOTAL_SHIFT: i32 = GROUP_SHIFT + 32;
export const GROUP_FIRST: i32 = GROUP_TOTAL_SHIFT + 4;
export const GROUP_BYTES: i32 = 240;
/** Channels of a group. */
export const GROUP_CHANNELS: i32 = 8;

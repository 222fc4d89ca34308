/**
 * A feature map as planes of int16: what a convolution may write for the depthwise convolution behind it, padding included.
 * Binding chooses it; values do not change.
 *
 *   group of four channels | row 0: c = 0 | 1 | 2 | 3   row 1: c = 0 | 1 | 2 | 3   …
 *
 * each row being padding, the map's columns, padding. A last group of fewer channels takes as much.
 */
import { packLanes } from '../numeric/lanes.js';
import type { Width } from '../numeric/widths.js';

/** Channels of a group. */
export const PLANE_GROUP = 4;
const VALUE_BYTES = 2;

export interface PlanesLayout {
  /** Rows of a plane and values of a row, padding included; `columns` is even. */
  readonly rows: number;
  readonly columns: number;
  /** Where the map's first pixel stands in its plane. */
  readonly top: number;
  readonly left: number;
}

/** Bytes of the row of one channel. */
export const planePitch = ({ columns }: PlanesLayout): number => VALUE_BYTES * columns;

/** Bytes of four channels. */
export const planeGroupBytes = (layout: PlanesLayout): number =>
  PLANE_GROUP * layout.rows * planePitch(layout);

export const planesBytes = (layout: PlanesLayout, channels: number): number =>
  Math.ceil(channels / PLANE_GROUP) * planeGroupBytes(layout);

/** The map's packed bytes, as every other kernel writes it, from its planes. */
export function mapOfPlanes(
  planes: Uint8Array,
  layout: PlanesLayout,
  [height, width, channels]: readonly [number, number, number],
  bits: Width,
): Uint8Array {
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  const pitch = planePitch(layout);
  const values = new Int16Array(height * width * channels);
  let next = 0;
  for (let y = layout.top; y < layout.top + height; y++)
    for (let x = layout.left; x < layout.left + width; x++)
      for (let c = 0; c < channels; c++) {
        const group = Math.floor(c / PLANE_GROUP) * planeGroupBytes(layout);
        const row = PLANE_GROUP * y + (c % PLANE_GROUP);
        values[next++] = view.getInt16(group + row * pitch + VALUE_BYTES * x, true);
      }
  return packLanes(values, channels, bits);
}

/**
 * A spatial part of a feature map: half open, [y0, y1) × [x0, x1), in pixels of its tensor. It may reach outside
 * the tensor while it is unclipped (the literature's halo arithmetic).
 */
export interface Region {
  readonly y0: number;
  readonly y1: number;
  readonly x0: number;
  readonly x1: number;
}

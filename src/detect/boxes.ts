/** Boxes as shares of the picture, their overlap, and greedy suppression of overlapping ones. */

/** 0 at the left and top edge, 1 at the right and bottom one; may reach outside. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Detection extends Box {
  /** Class of the network, 0 the first after any background. */
  readonly classId: number;
  readonly score: number;
}

const areaOf = (box: Box): number => (box.right - box.left) * (box.bottom - box.top);

/** Intersection over union; 0 where a box is empty. */
export function overlap(a: Box, b: Box): number {
  const [areaA, areaB] = [areaOf(a), areaOf(b)];
  if (areaA <= 0 || areaB <= 0) return 0;
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (areaA + areaB - width * height);
}

/** By falling score; equal scores keep their order. */
export const byScore = <T extends { readonly score: number }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => b.score - a.score);

/**
 * Greedy suppression: the best box stays, boxes that overlap it by more than `iouThreshold` go, and so on.
 * At most `limit` stay, best first.
 */
export function suppress<T extends Box & { readonly score: number }>(
  candidates: readonly T[],
  iouThreshold: number,
  limit: number,
): T[] {
  const kept: T[] = [];
  for (const candidate of byScore(candidates)) {
    if (kept.length >= limit) break;
    if (kept.every((box) => overlap(box, candidate) <= iouThreshold)) kept.push(candidate);
  }
  return kept;
}

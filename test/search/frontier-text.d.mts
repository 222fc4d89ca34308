interface Point {
  readonly bitops: number;
  readonly loss: number;
}
type Row = Readonly<Record<string, string>>;

export const FRONTIER_COLUMNS: readonly string[];
export function isotonicLosses(points: readonly Pick<Point, 'loss'>[]): number[];
export function bitopsAtLoss(
  points: readonly Point[],
  most: number,
): { bitops: number; atMost: boolean } | undefined;
export function renderFrontier(rows: readonly Row[], tableRows: readonly Row[]): string;

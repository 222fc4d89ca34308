type Row = Readonly<Record<string, string>>;

export const FRONTIER_COLUMNS: readonly string[];
export function sharesOf(network: {
  readonly frontier: readonly number[];
  readonly stepsPerHalf: number;
}): number[];
export function renderFrontier(rows: readonly Row[]): string;

type Row = Readonly<Record<string, string>>;

export const FRONTIER_COLUMNS: readonly string[];
export function renderFrontier(rows: readonly Row[], tableRows: readonly Row[]): string;

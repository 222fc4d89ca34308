type Row = Readonly<Record<string, string>>;
export function headlineFigures(
  rows: readonly Row[],
): { readonly row: Row; readonly bitops?: number; readonly m4?: number; readonly m7?: number } | undefined;
export function renderReproduction(rows: readonly Row[]): string;
/** Rows of frontier.csv as rows of table.csv. */
export function frontierRows(rows: readonly Row[], table: readonly Row[]): Row[];

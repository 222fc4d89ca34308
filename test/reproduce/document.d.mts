type Row = Readonly<Record<string, string>>;
export function headlineFigures(
  rows: readonly Row[],
): { readonly row: Row; readonly bitops?: number; readonly m4?: number; readonly m7?: number } | undefined;
export function renderReproduction(rows: readonly Row[]): string;

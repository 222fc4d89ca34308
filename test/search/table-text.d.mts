export function renderTable(rows: readonly Readonly<Record<string, string>>[]): string;

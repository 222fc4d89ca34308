export function likeCostSection(rows: readonly Readonly<Record<string, string>>[]): string;
export function correlation(a: readonly number[], b: readonly number[]): number;

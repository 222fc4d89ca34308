export function likeCostSection(rows: readonly Readonly<Record<string, string>>[]): string;
export function withoutTrend(values: readonly number[], by: readonly number[]): number[];
export function correlation(a: readonly number[], b: readonly number[]): number;

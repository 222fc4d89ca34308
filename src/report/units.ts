/** Numbers as people read them; every report formats through here. */

const GROUPS = /\B(?=(\d{3})+(?!\d))/g;

/** 1234567 → "1,234,567". */
export const formatCount = (value: number): string => Math.round(value).toString().replace(GROUPS, ',');

/** Bytes as KiB with one decimal from 1 KiB on: 65536 → "64.0 KiB". */
export const formatBytes = (bytes: number): string =>
  Math.abs(bytes) < 1024 ? `${Math.round(bytes)} B` : `${formatCount1(bytes / 1024)} KiB`;

function formatCount1(value: number): string {
  const [whole, fraction] = value.toFixed(1).split('.');
  return `${whole!.replace(GROUPS, ',')}.${fraction}`;
}

/** 29612345 → "29.6 M", 2656 → "2.7 k". */
export function formatLarge(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(1)} k` : formatCount(value);
}

/** Milliseconds with three significant digits: 1234 → "1.23 s", 12.34 → "12.3 ms". */
export function formatMilliseconds(ms: number): string {
  if (ms >= 1000) return `${significant(ms / 1000)} s`;
  return `${significant(ms)} ms`;
}

function significant(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export const formatPercent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

export const formatShape = (shape: readonly number[]): string => shape.join('×');

/** Rounds data that goes into JSON, so that digits beyond meaning do not show. */
export function roundTo(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** Display columns of a string without escape codes: our text has no wide characters. */
export const displayWidth = (text: string): number => [...text].length;

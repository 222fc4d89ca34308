/** Small charts in plain SVG, no script: panels of points, lines through some of them, names when pointed at. */

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  /** Drawn full; the others are hollow. */
  readonly isMarked: boolean;
  readonly hue: number;
}

export interface ChartPanel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly ChartPoint[];
  /** Each through its points in the order given. */
  readonly lines: readonly (readonly ChartPoint[])[];
  readonly formatX: (value: number) => string;
}

const PANEL = { width: 380, height: 320, left: 56, top: 44, right: 20, bottom: 52 } as const;
const HEAD = 40;

/** Panels side by side under one title, with a legend of names and hues. */
export function chartSvg(
  title: string,
  panels: readonly ChartPanel[],
  legend: readonly (readonly [string, number])[] = [],
): string {
  const width = Math.max(1, panels.length) * PANEL.width + 24;
  const height = HEAD + PANEL.height + 20 * Math.ceil(legend.length / 3) + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(16, 26, title, 'font-size="15" font-weight="600"'),
    ...panels.map((panel, i) => panelSvg(panel, 12 + i * PANEL.width, HEAD)),
    ...legend.map(([name, hue], i) => {
      const [x, y] = [24 + (i % 3) * 220, HEAD + PANEL.height + 14 + 20 * Math.floor(i / 3)];
      return `<circle cx="${x}" cy="${y - 4}" r="4" fill="${color(hue)}"/>${text(x + 10, y, name)}`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** Hues far apart for the first dozen. */
export const hueOf = (index: number): number => (index * 137 + 210) % 360;

function panelSvg(
  { title, xLabel, yLabel, points, lines, formatX }: ChartPanel,
  x: number,
  y: number,
): string {
  const inner = {
    width: PANEL.width - PANEL.left - PANEL.right,
    height: PANEL.height - PANEL.top - PANEL.bottom,
  };
  const [xs, ys] = [span(points.map((p) => p.x)), span(points.map((p) => p.y))];
  const place = (p: ChartPoint): readonly [number, number] => [
    round(PANEL.left + xs.at(p.x) * inner.width),
    round(PANEL.top + (1 - ys.at(p.y)) * inner.height),
  ];
  const ticks = [0, 0.5, 1].flatMap((share) => {
    const [tx, ty] = [PANEL.left + share * inner.width, PANEL.top + (1 - share) * inner.height];
    return [
      text(
        tx,
        PANEL.height - PANEL.bottom + 16,
        formatX(xs.value(share)),
        'text-anchor="middle" fill="#555"',
      ),
      text(PANEL.left - 6, ty + 4, ys.value(share).toFixed(1), 'text-anchor="end" fill="#555"'),
      `<line x1="${PANEL.left}" x2="${PANEL.left + inner.width}" y1="${round(ty)}" y2="${round(ty)}" stroke="#eee"/>`,
    ];
  });
  return [
    `<g transform="translate(${x} ${y})">`,
    text(PANEL.left, 20, title, 'font-size="12" font-weight="600"'),
    text(PANEL.left, 36, yLabel, 'fill="#555"'),
    text(PANEL.left + inner.width, PANEL.height - 16, xLabel, 'text-anchor="end" fill="#555"'),
    ...ticks,
    ...lines.map(
      (line) =>
        `<polyline fill="none" stroke="${color(line[0]?.hue ?? 0)}" points="${line.map((p) => place(p).join(',')).join(' ')}"/>`,
    ),
    ...points.map((p) => {
      const [cx, cy] = place(p);
      const paint = p.isMarked ? `fill="${color(p.hue)}"` : `fill="#fff" stroke="${color(p.hue)}"`;
      return `<circle cx="${cx}" cy="${cy}" r="${p.isMarked ? 5 : 3.5}" ${paint}><title>${escapeText(p.title)}</title></circle>`;
    }),
    '</g>',
  ].join('\n');
}

interface Span {
  /** 0…1 */
  at(value: number): number;
  value(share: number): number;
}

/** All values with a little room; one value alone stands in the middle. */
function span(values: readonly number[]): Span {
  const [least, most] = values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const room = most > least ? 0.05 * (most - least) : Math.max(1e-9, Math.abs(most) * 0.05);
  const [low, high] = [least - room, most + room];
  return { at: (value) => (value - low) / (high - low), value: (share) => low + share * (high - low) };
}

const color = (hue: number): string => `hsl(${hue} 65% 42%)`;
const round = (value: number): number => Math.round(value * 100) / 100;
const escapeText = (value: string): string =>
  value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
const text = (x: number, y: number, value: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeText(value)}</text>`;

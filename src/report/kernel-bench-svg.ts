/** The report of `bench kernels` as bars: cycles per MAC by layer, public kernels as marks on the bars' scale. */
import type { KernelBenchReport, ReportedKernel } from './kernel-bench-report.js';

const WIDTH = 1100;
const LEFT = 330;
const RIGHT = 90;
const ROW = 16;
const GAP = 10;
const HEAD = 56;
const SCALE_WIDTH = WIDTH - LEFT - RIGHT;
/** Hue by bits of activations, lightness by bits of weights. */
const HUES: Readonly<Record<number, number>> = { 8: 215, 4: 150, 2: 30 };
const LIGHTNESS: Readonly<Record<number, number>> = { 8: 42, 4: 56, 2: 70 };

export function kernelBenchSvg(report: KernelBenchReport): string {
  const rows = report.rows.filter(({ unit }) => unit === 'mac');
  const most = Math.max(
    1,
    ...rows.flatMap(({ cyclesPerMac, published }) => [cyclesPerMac, ...values(published)]),
  );
  const scale = (value: number): number => (value / most) * SCALE_WIDTH;
  const parts: string[] = [];
  let y = HEAD;
  let group = '';
  for (const row of rows) {
    const name = `${row.shape}, ${row.core}, ${row.mode}`;
    if (name !== group) {
      y += GAP;
      parts.push(label(LEFT, y + 12, `font-weight="600"`, name));
      y += ROW + 2;
      group = name;
    }
    parts.push(...bar(row, y, scale));
    y += ROW;
  }
  const height = y + GAP * 2;
  const title = `Cycles per multiply-accumulate at zero wait states; ${report.weights} weights; ${report.toolchain}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    label(10, 22, 'font-size="14" font-weight="600"', title),
    label(10, 40, 'fill="#555"', 'black marks: public kernels at the same widths, on an M4'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const values = (published: ReportedKernel['published']): readonly number[] =>
  published.map(({ cyclesPerMac }) => cyclesPerMac);

function bar(row: ReportedKernel, y: number, scale: (value: number) => number): readonly string[] {
  const fill = `hsl(${HUES[row.activationBits] ?? 0} 55% ${LIGHTNESS[row.weightBits ?? 8] ?? 50}%)`;
  const width = scale(row.cyclesPerMac);
  const title = `${row.kernel}: ${row.cycles} cycles, ${row.cyclesPerMac.toFixed(3)} per MAC`;
  const marks = row.published.map(
    ({ library, cyclesPerMac }) =>
      `<rect x="${round(LEFT + scale(cyclesPerMac) - 1)}" y="${y}" width="2" height="${ROW - 3}" fill="#000"><title>${escapeText(`${library}: ${cyclesPerMac}`)}</title></rect>`,
  );
  return [
    label(LEFT - 6, y + 11, 'text-anchor="end" fill="#333"', row.kernel),
    `<rect x="${LEFT}" y="${y}" width="${round(width)}" height="${ROW - 3}" fill="${fill}"><title>${escapeText(title)}</title></rect>`,
    ...marks,
    label(
      LEFT + Math.max(width, ...values(row.published).map(scale)) + 6,
      y + 11,
      '',
      row.cyclesPerMac.toFixed(3),
    ),
  ];
}

const round = (value: number): string => value.toFixed(1);
const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const label = (x: number, y: number, attributes: string, text: string): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeText(text)}</text>`;

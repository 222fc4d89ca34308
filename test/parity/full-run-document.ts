/** The table of `npm run parity:full`: a row per kernel and pair of widths, each written as soon as it is complete. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { formatCount } from '../../src/report/units.js';

export interface FullRunCell {
  readonly kernel: string;
  readonly pair: string;
  readonly counts: { readonly shapes: number; readonly bounds: number; readonly instances: number };
  /** Outputs that differ, by target. */
  readonly differing: readonly number[];
  /** What differs; not in the document. */
  readonly examples: readonly string[];
}

interface About {
  readonly seed: number;
  readonly toolchains: readonly string[];
  /** Core and toolchain. */
  readonly targets: readonly string[];
}

const COLUMNS = ['kernel', 'pair', 'shapes', 'at the bounds', 'instances'];
const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const numberOf = (text: string): number => Number(text.replaceAll(',', ''));

/** Rows of the document by kernel and pair; none where there is no document. */
export function readFullRun(file: string): Map<string, FullRunCell> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const cells = lines.flatMap((text) => {
    const [kernel, pair, ...numbers] = text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (!/^a\d/.test(pair ?? '')) return [];
    const [shapes, bounds, instances, ...differing] = numbers.map(numberOf) as [number, number, number];
    return [{ kernel: kernel!, pair: pair!, counts: { shapes, bounds, instances }, differing, examples: [] }];
  });
  return new Map(cells.map((cell) => [`${cell.kernel} ${cell.pair}`, cell]));
}

const textOf = ({ seed, toolchains, targets }: About, cells: readonly FullRunCell[], all: number): string => {
  const shapes = cells.reduce((sum, { counts }) => sum + counts.shapes, 0);
  const differing = cells.flatMap((cell) => cell.differing).reduce((sum, count) => sum + count, 0);
  const rows = cells.map(({ kernel, pair, counts, differing: found }) =>
    line([kernel, pair, ...Object.values(counts).map(formatCount), ...found.map(formatCount)]),
  );
  return `# Kernels against the reference: the full run

Random shapes of every kernel and pair of widths (activations, weights), every one of them on every emulated core with
both toolchains: how many outputs differ from the reference by any byte. Modes take turns where the kernel has several.
At the bounds: shapes with all weights and activations at their ends, alternating or equal; kernels of lanes draw
such weights besides, as large as their fields hold. Instances: of the kernel, one per mode and specialisation. Of two
kernels that agree on the map between them ("behind"), the pair is the second one's, those of the first take turns (a8w8,
a8w4, a4w8, a2w8), and the map is compared as well as the output. "spread" sets channels among constant ones, behind every
kernel of convolutions and matrix products in turn.

Made by \`npm run parity:full\`, seed ${seed}, engine \`builtin\`; ${toolchains.join('; ')}. Rows that stand here are
left out of a run; \`PARITY_KERNEL='conv2d lanes' PARITY_RENEW=1\` runs a kernel's anew.

In all ${formatCount(shapes)} shapes of ${cells.length} of the ${all} kernels and pairs on ${targets.length} targets: ${formatCount(shapes * targets.length)} outputs, ${formatCount(differing)} of them differing.

${[line([...COLUMNS, ...targets]), line([...COLUMNS, ...targets].map((_, i) => (i < 2 ? '---' : '--:'))), ...rows].join('\n')}
`;
};

/** Rows in `order`, written aside and renamed. */
export function writeFullRun(
  file: string,
  about: About,
  order: readonly string[],
  known: ReadonlyMap<string, FullRunCell>,
): void {
  const cells = order.flatMap((key) => known.get(key) ?? []);
  writeFileSync(`${file}.part`, textOf(about, cells, order.length));
  renameSync(`${file}.part`, file);
}

/** Renders src/REPRODUCTION.md from the rows of src/search/table.csv and src/search/frontier.csv. */
import { NETWORKS } from '../search/table-cases.mjs';

const HEAD = `# The paper's headline beside ours

QuantMCU (arXiv 2401.13714) reports 2.2× fewer BitOPs and 1.5× lower latency than 8-bit patch-based inference at
comparable accuracy. Ours, per network: of the plans that VDQS chose on calibration images alone (under one bound of SRAM and
one of accuracy, or a stricter one where that stands in the table, or a share of the BitOPs of 8 bits, as in
src/search/FRONTIER.md) the one with the fewest BitOPs that keeps the bound on the test images as well, against 8 bits
in the cheapest patches that fit. Cycles are of the quickest such plan on each core that was run, another one as a rule; points lost and
agreement of the plan that is named; of those of a share they are means over as many seeds of the quantiser as frontier.csv
says, one or four. Rows of many shares leave more plans to pick from.
Written by \`npm run reproduce\` from src/search/table.csv and frontier.csv; do not edit. – : that row is not in the tables,
or no plan there keeps the bound; such a network is not in the mean.
`;

const TAIL = `## What differs, and why

- **Accuracy.** Plans keep their bound on calibration images that they were not fitted to, those of a share of the BitOPs have
  none; lost points and agreement are
  read on test images, and a plan that breaks the bound there is passed over: widths are chosen without the test images,
  which of a network's plans stands here is not. MobileNets are bounded by agreement with the float network: their 300 test images cannot resolve a point of top-1.
- **Widths of weights.** Ours are searched as well where the case says so; the paper's method narrows feature maps alone.
- **Streaming.** Row by row nothing is computed twice: what halos cost int8 patches counts in our favour there.
- **Networks and data** are those of the data collection (test/accuracy/width-cases.mjs), not the paper's.
- **Kernels.** Int8 patches run on our own 8-bit kernels: fewer BitOPs turn into fewer cycles only where a narrow kernel
  beats these. Where rows of a network were measured at different commits, src/search/TABLE.md says so.
- **Latency.** Cycles of emulated cores at zero wait states; the paper measured boards.
- **Classification of patches** (rows "VDPC …") counts as any other form; in src/search/TABLE.md such rows stand beside "VDQS
  noise, weights 8, patches, scope patch", the same search without classes. By the SQNR of the scores no rule did better
  than no classes at the same BitOPs (src/classify/VDPC.md).
`;

/** Rows of the frontier by VDQS as rows of the table, without cycles. @param table rows with int8 in patches */
export function frontierRows(rows, table) {
  return rows
    .filter((row) => row.case.startsWith('VDQS'))
    .map((row) => {
      const patches = table.find(
        (other) =>
          other.network === row.network && other.case === 'int8; patches' && other.within_limits === 'true',
      );
      const fewer = patches === undefined ? '' : (Number(patches.bitops) / Number(row.bitops)).toFixed(3);
      const name = row.case.replace('VDQS', 'VDQS noise').replace('noise plan noise', 'plan noise');
      return {
        ...row,
        ...{ case: `${name}; weights searched; streaming; share ${Number(row.share).toFixed(3)}` },
        ...{ fewer_than_int8_patches: fewer, cycles_m4: '', cycles_m7: '' },
      };
    });
}

const ratio = (value) => (value === undefined || !Number.isFinite(value) ? '–' : `${value.toFixed(2)}×`);

/** Whether a row keeps its network's bound of accuracy on the test images. */
export function keepsOnTest(row) {
  const { goal } = NETWORKS[row.network];
  return goal.kind === 'drop'
    ? Number(row.points_lost) <= goal.points
    : Number(row.agreement) >= goal.percent;
}

/** VDQS rows within the limits and, on the test images, the network's own bound. */
const eligible = (rows) =>
  rows.filter(
    (row) =>
      /VDQS (plan )?noise/.test(row.case) &&
      !row.case.includes('; drop ') &&
      row.within_limits === 'true' &&
      keepsOnTest(row),
  );

const least = (rows, column) =>
  rows
    .filter((row) => Number(row[column]) > 0)
    .reduce(
      (best, row) => (Number(row[column]) < Number(best?.[column] ?? Infinity) ? row : best),
      undefined,
    );

/** The eligible row that needs fewest BitOPs; undefined where there is none. */
export const headlineRow = (rows) => least(eligible(rows), 'bitops');

/** BitOPs and cycles against int8 patches, each of the row that needs fewest; cycles only where that was measured. */
export function headlineFigures(rows) {
  const row = headlineRow(rows);
  if (row === undefined) return undefined;
  const patches = rows.find((other) => other.case === 'int8; patches' && other.within_limits === 'true');
  const against = (column) => {
    const own = least(eligible(rows), column);
    return patches === undefined || own === undefined
      ? undefined
      : Number(patches[column]) / Number(own[column]);
  };
  const bitops = row.fewer_than_int8_patches === '' ? undefined : Number(row.fewer_than_int8_patches);
  return { row, bitops, m4: against('cycles_m4'), m7: against('cycles_m7') };
}

const boundOf = (network) => {
  const { goal } = NETWORKS[network];
  return goal.kind === 'drop' ? `${goal.points} point` : `agreement ${goal.percent} %`;
};

export function renderReproduction(rows) {
  const networks = [...new Set(rows.map((row) => row.network))];
  const found = networks.flatMap((network) => {
    const figures = headlineFigures(rows.filter((row) => row.network === network));
    return figures === undefined ? [] : [{ network, ...figures }];
  });
  const lines = networks.map((network) => {
    const figures = found.find((other) => other.network === network);
    if (figures === undefined) return `| ${network} | ${boundOf(network)} |${' – |'.repeat(6)}`;
    const { row, bitops, m4, m7 } = figures;
    return `| ${network} | ${boundOf(network)} | ${row.case.replace(/;/g, ',')} | ${ratio(bitops)} | ${ratio(m4)} | ${ratio(m7)} | ${row.points_lost} ± ${row.half_width_95} | ${row.agreement} |`;
  });
  const known = found.map(({ bitops }) => bitops).filter((value) => value !== undefined);
  /** With the count where it is not that of the line. */
  const meanOf = (column) => {
    const values = found.map((figures) => figures[column]).filter((value) => value !== undefined);
    const mean = ratio(values.reduce((sum, value) => sum + value, 0) / values.length);
    return values.length === known.length ? mean : `${mean} (${values.length})`;
  };
  return [
    HEAD,
    '| network | bound | plan of fewest BitOPs | fewer BitOPs | fewer cycles, M4 | fewer cycles, M7 | points lost | agreement % |',
    '|---|---|---|---|---|---|---|---|',
    '| the paper, mean |  |  | 2.20× | 1.50× (latency) |  | comparable |  |',
    ...lines,
    `| ours, mean of ${known.length} |  |  | ${meanOf('bitops')} | ${meanOf('m4')} | ${meanOf('m7')} |  |  |`,
    '',
    TAIL,
  ].join('\n');
}

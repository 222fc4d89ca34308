/** Renders src/REPRODUCTION.md from the rows of src/search/table.csv. */

const HEAD = `# The paper's headline beside ours

QuantMCU (arXiv 2401.13714) reports 2.2× fewer BitOPs and 1.5× lower latency than 8-bit patch-based inference at
comparable accuracy. Ours, per network: the VDQS row of the search table with the fewest BitOPs within its limits (one
bound of SRAM, one of accuracy as predicted on calibration images), against 8 bits in the cheapest patches that fit.
Written by \`npm run reproduce\` from src/search/table.csv; do not edit. – : that row is not in the table.
`;

const TAIL = `## What differs, and why

- **Accuracy.** Bounds are kept as predicted on calibration images; lost points and agreement are read on test images.
  MobileNets are bounded by agreement with the float network: their 300 test images cannot resolve a point of top-1.
- **Widths of weights.** Ours are searched as well where the case says so; the paper's method narrows feature maps alone.
- **Streaming.** Row by row nothing is computed twice: what halos cost int8 patches counts in our favour there.
- **Networks and data** are those of the data collection (test/accuracy/width-cases.mjs), not the paper's.
- **Kernels.** Int8 patches run on our own 8-bit kernels: fewer BitOPs turn into fewer cycles only where a narrow kernel
  beats these.
- **Latency.** Cycles of emulated cores at zero wait states; the paper measured boards.
- **Classification of patches** is not part of these rows: by the SQNR of the scores no rule did better than no classes at
  the same BitOPs (src/classify/VDPC.md).
`;

const ratio = (value) => (value === undefined || !Number.isFinite(value) ? '–' : `${value.toFixed(2)}×`);

/** The VDQS row at the network's own bound that needs fewest BitOPs; undefined where none keeps its limits. */
export function headlineRow(rows) {
  const own = rows.filter(
    (row) =>
      row.case.startsWith('VDQS noise') && !row.case.includes('; drop ') && row.within_limits === 'true',
  );
  return own.reduce(
    (best, row) => (best === undefined || Number(row.bitops) < Number(best.bitops) ? row : best),
    undefined,
  );
}

/** BitOPs and cycles against int8 patches; cycles only where that row was measured. */
export function headlineFigures(rows) {
  const row = headlineRow(rows);
  if (row === undefined) return undefined;
  const patches = rows.find((other) => other.case === 'int8; patches' && other.within_limits === 'true');
  const against = (column) =>
    patches === undefined ? undefined : Number(patches[column]) / Number(row[column]);
  const bitops = row.fewer_than_int8_patches === '' ? undefined : Number(row.fewer_than_int8_patches);
  return { row, bitops, m4: against('cycles_m4'), m7: against('cycles_m7') };
}

export function renderReproduction(rows) {
  const networks = [...new Set(rows.map((row) => row.network))];
  const found = networks.flatMap((network) => {
    const figures = headlineFigures(rows.filter((row) => row.network === network));
    return figures === undefined ? [] : [{ network, ...figures }];
  });
  const lines = found.map(
    ({ network, row, bitops, m4, m7 }) =>
      `| ${network} | ${row.case.replace(/;/g, ',')} | ${ratio(bitops)} | ${ratio(m4)} | ${ratio(m7)} | ${row.points_lost} ± ${row.half_width_95} | ${row.agreement} |`,
  );
  const known = found.map(({ bitops }) => bitops).filter((value) => value !== undefined);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return [
    HEAD,
    '| network | plan | fewer BitOPs | M4 | M7 | points lost | agreement % |',
    '|---|---|---|---|---|---|---|',
    '| the paper, mean |  | 2.20× | 1.50× (latency) |  | comparable |  |',
    ...lines,
    `| ours, mean of ${known.length} |  | ${ratio(mean)} |  |  |  |  |`,
    '',
    TAIL,
  ].join('\n');
}

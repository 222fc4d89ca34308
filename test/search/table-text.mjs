/** Renders src/search/TABLE.md from the rows of table.csv. */

const HEAD = `# Search methods side by side

Written by \`npm run table:search\` from the figures in table.csv; do not edit. Widths are chosen on calibration images
alone, under one SRAM limit per network and one bound of accuracy (ResNet-8, the VWW networks: one point of top-1, as
predicted; the MobileNets: an agreement of 80 and 90 %); lost points and agreement are read on the test images, with
95 % confidence intervals (paired for lost points). BitOPs count halos; "× patches" is int8 in the cheapest patches that
fit over this row, "× layers" int8 layer by layer over this row. Cycles are those of the emulated cores without flash
stalls. Predictions come first: SQNR of the scores as the sum of single noises, and the drop on calibration images.
"search" is the time from figures to widths, "plan" the quantiser's, on a loaded machine. A row is of the code that it was
measured with: kernels and quantiser may have improved since; without table.csv all of it is measured anew.
`;

const kib = (bytes) => (Number(bytes) / 1024).toFixed(1);
const millions = (cycles) => (Number(cycles) / 1e6).toFixed(1);

function line(row) {
  const cells = [
    row.case.replace(/;/g, ','),
    row.within_limits === 'true' ? 'yes' : 'no',
    (Number(row.bitops) / 1e6).toFixed(0),
    row.fewer_than_int8_patches,
    row.fewer_than_int8_layers,
    kib(row.arena_bytes),
    kib(row.peak_sram_bytes),
    millions(row.cycles_m4),
    millions(row.cycles_m7),
    row.top1,
    `${row.points_lost} ± ${row.half_width_95}`,
    `${row.agreement} ± ${row.agreement_half_width_95}`,
    `${row.score_sqnr_db} (${row.predicted_sqnr_db})`,
    row.predicted_drop,
    row.search_seconds,
    row.plan_seconds,
  ];
  return `| ${cells.join(' | ')} |`;
}

export function renderTable(rows) {
  const networks = [...new Set(rows.map((row) => row.network))];
  const sections = networks.map((network) => {
    const own = rows.filter((row) => row.network === network);
    return [
      `## ${network}`,
      `SRAM limit ${kib(own[0].sram_limit)} KiB with stack; ${own[0].images} test images, float top-1 ${own[0].float_top1} %. Every plan verified: ${own.every((row) => row.verified === 'true') ? 'all bytes equal on the emulated M4' : 'NO'}.`,
      [
        '| case | within limits | MBitOPs | × patches | × layers | arena KiB | peak SRAM KiB | M4 Mcycles | M7 Mcycles | top-1 % | points lost | agreement % | SQNR dB (predicted) | predicted drop | search s | plan s |',
        `|${'---|'.repeat(16)}`,
        ...own.map(line),
      ].join('\n'),
    ].join('\n\n');
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

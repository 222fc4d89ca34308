/**
 * `npm run table:frontier [-- network… --only 'case|case' --minutes n]`: for every method a row of plans, each of least
 * noise within a share of the BitOPs of 8 bits, under the network's SRAM limit; widths come from calibration images
 * alone, the points lost are read on the test images of the data collection (SHARED_DIR, else ../shared), on the mean of
 * plans that were quantised under several seeds. Rows that stand
 * in src/search/frontier.csv are kept; src/search/FRONTIER.md is written anew. Needs `npm run build`.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { csvRows } from '../support/csv-rows.mjs';
import { requireData } from '../support/data-collection.mjs';
import { FRONTIER_CASES, FRONTIER_COLUMNS, renderFrontier, sharesOfCase } from './frontier-text.mjs';
import { codeOf, now, searchBench } from './search-bench.mjs';
import { NETWORKS } from './table-cases.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, minutes: { type: 'string' } },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const CSV = `${root}src/search/frontier.csv`;
if (!existsSync(CSV)) writeFileSync(CSV, `${FRONTIER_COLUMNS.join(',')}\n`);
const rowsOf = () => csvRows(readFileSync(CSV, 'utf8'));
const labels = values.only?.split('|') ?? FRONTIER_CASES.map(([label]) => label);
const unknown = [
  ...positionals.filter((name) => name !== 'none' && NETWORKS[name] === undefined),
  ...labels.filter((label) => !FRONTIER_CASES.some(([known]) => known === label)),
];
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}`);
  process.exit(2);
}
const bench = searchBench(root, data);
const code = codeOf(root);

async function measure(network, definition, [label, how], share, prepared) {
  const start = now();
  const reconstruction = { kind: definition.reconstruction };
  const found = await prepared.search.search({
    ...{ ...bench.searchedWith, sramBytes: 1024 * definition.sram, costShare: share },
    ...{ reconstruction, refinements: how.refined ? definition.quieter : 0 },
    ...{ scope: 'all', weights: 'auto', stage: 'streaming', method: how.method },
  });
  const seconds = ((now() - start) / 1000).toFixed(1);
  const seeds = how.brief ? 1 : definition.seeds;
  const outcome = await bench.testedBySeeds(prepared, found, { seeds, reconstruction });
  const { isMeasured, prediction } = found.found;
  const cells = {
    ...{ network, case: label, share: share.toFixed(4), bitops: found.bitops, arena_bytes: found.arenaBytes },
    ...{ within_limits: found.found.feasible && found.fits, images: outcome.n, seeds },
    ...{ points_lost: outcome.points.toFixed(2), half_width_95: outcome.halfWidth.toFixed(2) },
    points_by_seed: outcome.pointsBySeed.map((points) => points.toFixed(2)).join(' '),
    ...{ agreement: outcome.agreement.toFixed(2), score_sqnr_db: outcome.scoreSqnrDb.toFixed(2) },
    held_out_sqnr_db: isMeasured === true ? prediction.scoreSqnrDb.toFixed(2) : '',
    ...{ seconds, code },
  };
  return FRONTIER_COLUMNS.map((column) => String(cells[column])).join(',');
}

const until = now() + 60_000 * Number(values.minutes ?? Number.POSITIVE_INFINITY);
for (const network of positionals.length > 0 ? positionals : Object.keys(NETWORKS)) {
  const definition = NETWORKS[network];
  if (definition === undefined) continue;
  let prepared;
  for (const entry of FRONTIER_CASES.filter(([label]) => labels.includes(label)))
    for (const share of sharesOfCase(entry, definition)) {
      const isKnown = (row) =>
        row.network === network && row.case === entry[0] && row.share === share.toFixed(4);
      if (rowsOf().some(isKnown)) continue;
      if (now() > until) break;
      prepared ??= await bench.prepare(definition);
      const row = await measure(network, definition, entry, share, prepared);
      appendFileSync(CSV, `${row}\n`);
      console.log(row);
    }
}
const place = (row) => [
  Object.keys(NETWORKS).indexOf(row.network),
  FRONTIER_CASES.findIndex(([label]) => label === row.case),
  -Number(row.share),
];
const sorted = rowsOf().sort((a, b) => {
  const [x, y] = [place(a), place(b)];
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
});
const lines = sorted.map((row) => FRONTIER_COLUMNS.map((column) => row[column]).join(','));
writeFileSync(CSV, `${[FRONTIER_COLUMNS.join(','), ...lines].join('\n')}\n`);
writeFileSync(`${root}src/search/FRONTIER.md`, renderFrontier(sorted));

/**
 * `npm run table:frontier [-- network… --only 'case|case' --minutes n --threads n]`: for every method a row of plans, each
 * of least noise within a share of the BitOPs of 8 bits, under the network's SRAM limit; widths come from calibration images
 * alone, the points lost are read on the test images of the data collection (SHARED_DIR, else ../shared), on the mean of
 * plans that were quantised under several seeds. Rows that stand in src/search/frontier.csv are kept, and read by further
 * seeds where their network asks for more (test/search/table-cases.mjs); src/search/FRONTIER.md is written anew. Needs
 * `npm run build`.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { csvRows } from '../support/csv-rows.mjs';
import { requireData } from '../support/data-collection.mjs';
import { assignmentOf, outcomeCells, outcomeOf, widthCells } from './frontier-row.mjs';
import { FRONTIER_CASES, FRONTIER_COLUMNS, renderFrontier, sharesOfCase } from './frontier-text.mjs';
import { codeOf, now, searchBench } from './search-bench.mjs';
import { NETWORKS } from './table-cases.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, minutes: { type: 'string' }, threads: { type: 'string' } },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const CSV = `${root}src/search/frontier.csv`;
const rowText = (cells) => FRONTIER_COLUMNS.map((column) => String(cells[column])).join(',');
function writeRows(rows) {
  writeFileSync(`${CSV}.part`, `${[FRONTIER_COLUMNS.join(','), ...rows.map(rowText)].join('\n')}\n`);
  renameSync(`${CSV}.part`, CSV);
}
if (!existsSync(CSV)) writeRows([]);
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
const threads = Number(values.threads ?? 1);
if (!(threads >= 1)) {
  console.error(`--threads ${values.threads}: not a number of threads`);
  process.exit(2);
}
const bench = searchBench(root, data, threads);
const code = codeOf(root);

const goalOf = (definition, share) => ({
  ...{ ...bench.searchedWith, sramBytes: 1024 * definition.sram, costShare: share },
  ...{
    reconstruction: { kind: definition.reconstruction },
    scope: 'all',
    weights: 'auto',
    stage: 'streaming',
  },
});

async function measure(network, definition, [label, how], share, prepared) {
  const start = now();
  const goal = goalOf(definition, share);
  const refinements = how.refined ? definition.quieter : 0;
  const { method, noise = 'float' } = how;
  const found = await prepared.search.search({ ...goal, refinements, method, noise });
  const seconds = ((now() - start) / 1000).toFixed(1);
  const seeds = how.brief ? 1 : definition.seeds;
  const outcome = await bench.testedBySeeds(prepared, found, { ...goal, seeds });
  const { isMeasured, prediction } = found.found;
  return {
    ...{ network, case: label, share: share.toFixed(4), bitops: found.bitops, arena_bytes: found.arenaBytes },
    within_limits: found.found.feasible && found.fits,
    ...outcomeCells(outcome),
    held_out_sqnr_db: isMeasured === true ? prediction.scoreSqnrDb.toFixed(2) : '',
    ...widthCells(found.assignment),
    ...{ seconds, code },
  };
}

/** Of a row that was read by fewer seeds than its network asks for now: the missing ones, of the same widths. */
async function readOn(row, definition, prepared) {
  const goal = goalOf(definition, 1);
  const { assignment: names } = await prepared.search.search({ ...goal, method: 'uniform-a8w8' });
  const found = { assignment: assignmentOf(row, names) };
  const known = outcomeOf(row);
  const outcome = await bench.testedBySeeds(prepared, found, { ...goal, seeds: definition.seeds, known });
  return { ...row, ...outcomeCells(outcome) };
}

const isUnread = (row, [, { brief }], { seeds }) =>
  !brief && row.activation_widths !== '' && Number(row.seeds) < seeds;

const until = now() + 60_000 * Number(values.minutes ?? Number.POSITIVE_INFINITY);
for (const network of positionals.length > 0 ? positionals : Object.keys(NETWORKS)) {
  const definition = NETWORKS[network];
  if (definition === undefined) continue;
  let prepared;
  for (const entry of FRONTIER_CASES.filter(([label]) => labels.includes(label)))
    for (const share of sharesOfCase(entry, definition)) {
      const isThis = (row) =>
        row.network === network && row.case === entry[0] && row.share === share.toFixed(4);
      const known = rowsOf().find(isThis);
      if (known !== undefined && !isUnread(known, entry, definition)) continue;
      if (now() > until) break;
      prepared ??= await bench.prepare(definition);
      const row =
        known === undefined
          ? await measure(network, definition, entry, share, prepared)
          : await readOn(known, definition, prepared);
      writeRows([...rowsOf().filter((other) => !isThis(other)), row]);
      console.log(rowText(row));
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
writeRows(sorted);
writeFileSync(`${root}src/search/FRONTIER.md`, renderFrontier(sorted));

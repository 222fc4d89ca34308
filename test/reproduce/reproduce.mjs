/**
 * `npm run reproduce [-- --only name,name | --only none | --list]`: runs every script that makes a figure of the
 * documents, one after the other, with the time each took, and writes src/REPRODUCTION.md: the paper's headline beside
 * ours. All of it takes hours; rows that stand in the tables already are kept by the scripts that say so. Ends with 1
 * when a part fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { csvRows } from '../support/csv-rows.mjs';
import { frontierRows, renderReproduction } from './document.mjs';
import { PARTS } from './parts.mjs';

const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean', default: false } },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const names = values.only === 'none' ? [] : (values.only?.split(',') ?? PARTS.map(({ name }) => name));
const unknown = names.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0 || values.list) {
  for (const name of unknown) console.error(`no part ${name}; there are:`);
  for (const { name, script, makes } of PARTS)
    console.log(`${name.padEnd(10)} npm run ${script.padEnd(16)} ${makes}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const times = [];
for (const { name, script, args = [] } of PARTS.filter((part) => names.includes(part.name))) {
  const start = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  times.push({ name, ok: status === 0, minutes: ((performance.now() - start) / 60_000).toFixed(1) });
}
const rowsOf = (file) => csvRows(readFileSync(`${root}src/search/${file}`, 'utf8'));
const table = rowsOf('table.csv');
const text = renderReproduction([...table, ...frontierRows(rowsOf('frontier.csv'), table)]);
writeFileSync(`${root}src/REPRODUCTION.md.part`, text);
renameSync(`${root}src/REPRODUCTION.md.part`, `${root}src/REPRODUCTION.md`);
console.log(text);
for (const { name, ok, minutes } of times)
  console.log(`${name.padEnd(10)} ${minutes} min${ok ? '' : '  FAILED'}`);
process.exitCode = times.every(({ ok }) => ok) ? 0 : 1;

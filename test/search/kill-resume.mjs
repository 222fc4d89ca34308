/**
 * `npm run search:kill [-- --kills 20 --seed 1]`: the search process killed (SIGKILL) at random points and started
 * again; the plan must be that of a run left alone, byte for byte. Keyword network of the fixtures. Runs on dist/.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/support/random.js';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kill-resume-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const random = createRandom(Number(values.seed));
mkdirSync(join(folder, 'set'));
for (let i = 0; i < 16; i++)
  writeFileSync(
    join(folder, `set/${i}.bin`),
    Int8Array.from({ length: 490 }, () => random.integer(-128, 127)),
  );
writeFileSync(
  join(folder, 'set/labels.csv'),
  `file,label\n${Array.from({ length: 16 }, (_, i) => `${i}.bin,${i % 12}`).join('\n')}\n`,
);

/** Milliseconds it took and whether it was killed. */
function search(name, killAfterMs) {
  const model = join(root, 'test/fixtures/kws/kws_dscnn_int8.tflite');
  const argv = ['search', model, '--data', 'set', '--target', 'nano33ble', '--no-emulate', '--json'];
  argv.push(
    '--sram',
    '24K',
    '--cost-share',
    '0.7',
    '--stage',
    'none',
    '--cache',
    `cache-${name}`,
    '-o',
    name,
  );
  const start = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...argv], { cwd: folder });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (signal === null && code !== 0) reject(new Error(`search ended with ${code}`));
      else resolve({ ms: performance.now() - start, killed: signal === 'SIGKILL' });
    });
  });
}
const bytes = (name) =>
  ['json', 'bin'].map((end) => readFileSync(join(folder, `${name}.plan.${end}`)).toString('base64')).join();

const { ms } = await search('whole');
let [killed, different] = [0, 0];
for (let i = 0; killed < Number(values.kills); i++) {
  const run = await search(`run${i}`, (ms * random.integer(1, 999)) / 1000);
  if (!run.killed) continue;
  killed++;
  await search(`run${i}`);
  if (bytes(`run${i}`) !== bytes('whole')) different++;
}
console.log(`killed ${killed} times, ${different} plans differ from that of a run left alone`);
process.exitCode = different === 0 ? 0 : 1;

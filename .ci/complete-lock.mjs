/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out (it drops those that it
 * cannot reach, or did not install), so that `npm ci` works from a fresh clone. Run it after `npm install`;
 * `--check` only names what is missing and exits with 1.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));

const SYSTEMS = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const CPUS = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32'];

/** npm looks for a dependency inside the package first, then upwards. */
function isLocked(parent, name) {
  const parts = parent.split('/node_modules/');
  for (let depth = parts.length; depth >= 0; depth--) {
    const prefix = parts.slice(0, depth).join('/node_modules/');
    const path = prefix === '' ? `node_modules/${name}` : `${prefix}/node_modules/${name}`;
    if (lock.packages[path] !== undefined) return true;
  }
  return false;
}

/** "@scope/tool-linux-x64-musl" says for which machines it is. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = CPUS.filter((each) => words.includes(each));
  const libc = words.includes('musl') ? ['musl'] : [];
  return { os, rest: { ...(cpu.length > 0 ? { cpu } : {}), ...(libc.length > 0 ? { libc } : {}) } };
}

const missing = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!isLocked(path, name)) missing.push({ parent: path, name, version });
  }
}

if (process.argv.includes('--check')) {
  for (const { parent, name, version } of missing) console.log(`${parent}: ${name}@${version} is not locked`);
  process.exit(missing.length === 0 ? 0 : 1);
}
for (const { parent, name, version } of missing) {
  const { os, rest } = platformOf(name);
  if (!/^\d/.test(version) || os.length === 0) {
    console.log(`${parent}: ${name}@${version} names no platform or no exact version; lock it by hand`);
    continue;
  }
  const isDev = lock.packages[parent].dev === true;
  lock.packages[`node_modules/${name}`] = { version, ...rest, ...(isDev ? { dev: true } : {}), optional: true, os };
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} packages added`);

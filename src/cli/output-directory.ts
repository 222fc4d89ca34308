/**
 * Writes a generated project so that a folder is never half-written: everything goes to a folder beside it,
 * which then takes its place by renaming. A manifest names our files; files of the user's own are kept.
 */
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';

export const MANIFEST = '.quantmcu-files.json';

export interface WriteTreeOptions {
  /** Write into a non-empty folder that is not ours; its other files are kept. */
  readonly force: boolean;
}

/** `files`: path inside the folder → contents. */
export async function writeTree(
  host: Host,
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  options: WriteTreeOptions,
): Promise<void> {
  const target = folder.replace(/\/+$/, '');
  const replaced = await ownFiles(host, target);
  if (replaced === undefined && !options.force) {
    throw badInput('codegen/folder', 'the folder holds files that quantmcu did not write', {
      where: target,
      fix: 'Choose another folder, or add --force to write into it and keep its other files.',
    });
  }
  const aside = `${target}.new`;
  await host.remove(aside);
  try {
    await keepForeignFiles(host, target, aside, new Set([...(replaced ?? []), ...files.keys(), MANIFEST]));
    for (const [path, contents] of files) await host.writeFile(`${aside}/${path}`, contents);
    const names = [...files.keys()].sort();
    await host.writeFile(`${aside}/${MANIFEST}`, `${JSON.stringify({ files: names }, null, 2)}\n`);
    await swap(host, aside, target);
  } finally {
    await host.remove(aside);
  }
}

/** Files that we wrote into `folder` earlier; empty for a new or empty folder; undefined when it is foreign. */
async function ownFiles(host: Host, folder: string): Promise<readonly string[] | undefined> {
  if (!(await host.exists(folder))) return [];
  const entries = await host.list(folder);
  if (entries.length === 0) return [];
  if (!entries.some((entry) => entry.name === MANIFEST)) return undefined;
  try {
    const manifest: unknown = JSON.parse(
      new TextDecoder().decode(await host.readFile(`${folder}/${MANIFEST}`)),
    );
    const files = (manifest as { files?: unknown }).files;
    return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : undefined;
  } catch {
    return undefined;
  }
}

async function keepForeignFiles(
  host: Host,
  from: string,
  to: string,
  ours: ReadonlySet<string>,
): Promise<void> {
  if (!(await host.exists(from))) return;
  for (const path of await walk(host, from, '')) {
    if (!ours.has(path)) await host.writeFile(`${to}/${path}`, await host.readFile(`${from}/${path}`));
  }
}

async function walk(host: Host, root: string, inside: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const entry of await host.list(`${root}/${inside}`)) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.kind === 'file') paths.push(path);
    else paths.push(...(await walk(host, root, path)));
  }
  return paths;
}

async function swap(host: Host, aside: string, target: string): Promise<void> {
  const old = `${target}.old`;
  await host.remove(old);
  if (await host.exists(target)) await host.rename(target, old);
  await host.rename(aside, target);
  await host.remove(old);
}

/**
 * Writes a generated project into a folder: all files to a staging folder inside it first, then each into its place
 * by renaming, so that a failure leaves the old project whole. A manifest names our files; no other file is touched.
 */
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';

export const MANIFEST = '.quantmcu-files.json';
/** Left behind only by a run that was stopped; the next one removes it. */
const STAGING = '.quantmcu-staging';

export interface WriteTreeOptions {
  /** Write into a non-empty folder that is not ours; its other files are kept. */
  readonly force: boolean;
}

interface Tree {
  readonly target: string;
  readonly isNew: boolean;
  /** Files of an earlier project. */
  readonly before: readonly string[];
}

/** Refuses what `writeTree` would refuse; a command that works for long asks before it starts. */
export async function openTree(host: Host, folder: string, options: WriteTreeOptions): Promise<Tree> {
  if (folder === '') throw badInput('codegen/folder', 'the name of the folder is empty');
  const target = folder.replace(/(?<=[^/])\/+$/, '');
  const isNew = !(await host.exists(target));
  const before = isNew ? [] : await ownFiles(host, target);
  if (before === undefined && !options.force) {
    throw badInput('codegen/folder', 'the folder holds files that quantmcu did not write', {
      where: target,
      fix: 'Choose another folder, or add --force to write into it and keep its other files.',
    });
  }
  return { target, isNew, before: before ?? [] };
}

/** `files`: path inside the folder → contents. */
export async function writeTree(
  host: Host,
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  options: WriteTreeOptions,
): Promise<void> {
  const { target, isNew, before } = await openTree(host, folder, options);
  const staging = `${target}/${STAGING}`;
  const names = [...files.keys()].sort();
  try {
    await host.remove(staging);
    for (const name of names) await host.writeFile(`${staging}/${name}`, files.get(name)!);
  } catch (error) {
    await host.remove(isNew ? target : staging).catch(() => {});
    throw error;
  }
  const stale = before.filter((name) => !files.has(name));
  // While files move, the manifest names old and new ones: whatever happens, the folder stays ours.
  await writeManifest(host, target, [...names, ...stale]);
  for (const name of names) {
    await host.makeDirectory(parentOf(`${target}/${name}`));
    await host.rename(`${staging}/${name}`, `${target}/${name}`);
  }
  for (const name of stale) await removeStale(host, target, name);
  await host.remove(staging);
  await writeManifest(host, target, names);
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const writeManifest = (host: Host, folder: string, files: readonly string[]): Promise<void> =>
  host.writeFile(`${folder}/${MANIFEST}`, `${JSON.stringify({ files }, null, 2)}\n`);

/** Files that we wrote into `folder` earlier; none for an empty folder; undefined when it is foreign. */
async function ownFiles(host: Host, folder: string): Promise<readonly string[] | undefined> {
  const entries = (await host.list(folder)).filter((entry) => entry.name !== STAGING);
  if (entries.length === 0) return [];
  if (!entries.some((entry) => entry.name === MANIFEST)) return undefined;
  try {
    const text = new TextDecoder().decode(await host.readFile(`${folder}/${MANIFEST}`));
    const { files } = JSON.parse(text) as { files?: unknown };
    return Array.isArray(files) ? files.filter(isInside) : undefined;
  } catch {
    return undefined;
  }
}

/** A manifest from elsewhere must not make us remove files outside the folder. */
const isInside = (path: unknown): path is string =>
  typeof path === 'string' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** Removes a file of an earlier project, and the folders that this leaves empty. */
async function removeStale(host: Host, target: string, name: string): Promise<void> {
  await host.remove(`${target}/${name}`);
  for (let inside = name; inside.includes('/'); ) {
    inside = parentOf(inside);
    const path = `${target}/${inside}`;
    if (!(await host.exists(path))) continue;
    if ((await host.list(path)).length > 0) return;
    await host.remove(path);
  }
}

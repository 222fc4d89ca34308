/** Lists the samples of a folder: `labels.csv` with a `file,label` header, one subfolder per class, or plain files. */
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { isDetectionFolder, listDetectionSamples } from './detection-folder.js';
import { isDataFile } from './prepare-input.js';

export interface Sample {
  /** Path that the host can read. */
  readonly path: string;
  /** Class index as in the data set, before the recipe's label offset. */
  readonly label: number;
}

/** Samples in the order of the CSV, or by class and name. Throws when there are none. */
export async function listSamples(host: Host, folder: string): Promise<readonly Sample[]> {
  const base = folder.replace(/\/+$/, '');
  const csv = `${base}/labels.csv`;
  const samples = (await host.exists(csv))
    ? parseLabels(new TextDecoder().decode(await host.readFile(csv)), csv, base)
    : await listClassFolders(host, base);
  if (samples.length > 0) return samples;
  throw badInput('data/folder', 'no labelled samples', {
    where: folder,
    expected: 'labels.csv with the header "file,label", or one subfolder per class',
  });
}

/** Paths of a folder's samples where labels do not matter: labelled, with boxes, or just files, by name. */
export async function listFiles(host: Host, folder: string): Promise<readonly string[]> {
  const base = folder.replace(/\/+$/, '');
  if (await isDetectionFolder(host, base))
    return (await listDetectionSamples(host, base)).map(({ path }) => path);
  if (!(await host.exists(`${base}/labels.csv`))) {
    const files = (await host.list(base)).filter(({ kind, name }) => kind === 'file' && isDataFile(name));
    if (files.length > 0) return files.map(({ name }) => `${base}/${name}`);
  }
  return (await listSamples(host, base)).map(({ path }) => path);
}

/** Fields may be quoted; further columns are ignored. */
export function parseLabels(text: string, where: string, folder: string): readonly Sample[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const header = splitRow(lines[0] ?? '').map((name) => name.trim().toLowerCase());
  const fileColumn = header.indexOf('file');
  const labelColumn = header.indexOf('label');
  if (fileColumn < 0 || labelColumn < 0) {
    throw badInput('data/labels', 'wrong header', {
      where,
      found: `"${lines[0] ?? ''}"`,
      expected: '"file,label"',
    });
  }
  const samples: Sample[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const fields = splitRow(line);
    const file = fields[fileColumn]?.trim() ?? '';
    const label = fields[labelColumn]?.trim() ?? '';
    if (file === '' || !/^\d+$/.test(label)) {
      throw badInput('data/labels', 'wrong row', {
        where: `${where}:${index + 1}`,
        found: `"${line}"`,
        expected: 'a file and a class number',
      });
    }
    samples.push({ path: file.startsWith('/') ? file : `${folder}/${file}`, label: Number(label) });
  }
  return samples;
}

function splitRow(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '',
  );
}

/** Numeric folder names are the class numbers; other names count in sorted order. */
async function listClassFolders(host: Host, folder: string): Promise<readonly Sample[]> {
  const classes = (await host.list(folder)).filter((entry) => entry.kind === 'directory');
  const numeric = classes.every((entry) => /^\d+$/.test(entry.name));
  const samples: Sample[] = [];
  for (const [index, entry] of classes.entries()) {
    const label = numeric ? Number(entry.name) : index;
    for (const file of await host.list(`${folder}/${entry.name}`)) {
      if (file.kind !== 'file' || !isDataFile(file.name)) continue;
      samples.push({ path: `${folder}/${entry.name}/${file.name}`, label });
    }
  }
  return samples;
}

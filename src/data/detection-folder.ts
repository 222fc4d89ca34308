/**
 * Pictures with boxes in YOLO's form: `images/name.jpg` and `labels/name.txt`, a line per box of class, centre x, y,
 * width and height as shares of the picture; `classes.yaml` names the classes.
 */
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { isDataFile } from './prepare-input.js';

export interface BoxLabel {
  readonly classId: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface DetectionSample {
  readonly path: string;
  readonly boxes: readonly BoxLabel[];
}

const baseOf = (folder: string): string => folder.replace(/\/+$/, '');

/** True for a folder of this form. */
export const isDetectionFolder = async (host: Host, folder: string): Promise<boolean> =>
  (await host.exists(`${baseOf(folder)}/labels`)) && (await host.exists(`${baseOf(folder)}/images`));

/** Pictures by name; one without a label file shows nothing. */
export async function listDetectionSamples(host: Host, folder: string): Promise<readonly DetectionSample[]> {
  const base = baseOf(folder);
  const entries = await host.list(`${base}/images`);
  const files = entries.filter(({ kind, name }) => kind === 'file' && isDataFile(name));
  if (files.length === 0)
    throw badInput('data/folder', 'no pictures', { where: `${base}/images`, expected: 'pictures' });
  return Promise.all(
    files.map(async ({ name }) => {
      const labels = `${base}/labels/${name.replace(/\.[^.]*$/, '')}.txt`;
      const text = (await host.exists(labels)) ? new TextDecoder().decode(await host.readFile(labels)) : '';
      return { path: `${base}/images/${name}`, boxes: parseBoxes(text, labels) };
    }),
  );
}

export function parseBoxes(text: string, where: string): readonly BoxLabel[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [classId, x, y, width, height] = line.trim().split(/\s+/).map(Number);
    const numbers = [classId, x, y, width, height];
    if (!numbers.every((n) => Number.isFinite(n)) || !Number.isInteger(classId) || classId! < 0)
      throw badInput('data/labels', 'wrong row', {
        where: `${where}:${index + 1}`,
        found: `"${line.slice(0, 80)}"`,
        expected: 'class, centre x, centre y, width, height',
      });
    return [
      {
        classId: classId!,
        left: x! - width! / 2,
        top: y! - height! / 2,
        right: x! + width! / 2,
        bottom: y! + height! / 2,
      },
    ];
  });
}

/** Names by class of a classes.yaml (`  0: person` under `names:`); empty where there is none. */
export async function readClassNames(host: Host, folder: string): Promise<ReadonlyMap<number, string>> {
  const file = `${baseOf(folder)}/classes.yaml`;
  if (!(await host.exists(file))) return new Map();
  const text = new TextDecoder().decode(await host.readFile(file));
  const rows = [...text.matchAll(/^\s+(\d+):\s*(.+?)\s*$/gm)];
  return new Map(rows.map((match) => [Number(match[1]), match[2]!]));
}

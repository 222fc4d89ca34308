/** What `tune` chose, as a file that `search` and `classify` take. */
import { CLASSIFICATION_RULES, type ClassificationRule } from '../classify/classify.js';
import { formatJson } from '../report/json.js';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { type ClassifyOptions, VDPC_TENSORS, type VdpcTensor } from './classify-patches.js';

export type TunedClasses = Pick<ClassifyOptions, 'rule' | 'at' | 'flaggedShare' | 'tau' | 'imageShare'>;

export interface Tuned {
  readonly version: 1;
  /** Network that it was found on. */
  readonly model: string;
  /** λ of the paper's score; left out where no λ saves anything. */
  readonly lambda?: number;
  readonly classes?: TunedClasses;
}

export const TUNED_SUFFIX = '.tuned.json';

export const formatTuned = (tuned: Tuned): string => formatJson(tuned);

export async function readTuned(host: Host, path: string): Promise<Tuned> {
  return parseTuned(new TextDecoder().decode(await host.readFile(path)), path);
}

/** Errors: `input` tuned/file for anything that `tune` would not write. */
export function parseTuned(text: string, where: string): Tuned {
  const refuse = (found: string, expected: string): never => {
    throw badInput('tuned/file', 'not a file of quantmcu tune', { where, found, expected });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('no JSON', 'the file that quantmcu tune -o writes');
  }
  if (typeof value !== 'object' || value === null) return refuse(JSON.stringify(value), 'an object');
  const { version, model, lambda, classes } = value as Record<string, unknown>;
  if (version !== 1) refuse(`version ${JSON.stringify(version)}`, 'version 1');
  if (typeof model !== 'string') return refuse(`model ${JSON.stringify(model)}`, 'a name');
  if (lambda !== undefined && !isShare(lambda)) refuse(`lambda ${JSON.stringify(lambda)}`, '0 to 1');
  return {
    ...{ version: 1, model },
    ...(lambda === undefined ? {} : { lambda: lambda as number }),
    ...(classes === undefined ? {} : { classes: parseClasses(classes, refuse) }),
  };
}

function parseClasses(value: unknown, refuse: (found: string, expected: string) => never): TunedClasses {
  if (typeof value !== 'object' || value === null)
    return refuse(`classes ${JSON.stringify(value)}`, 'an object');
  const { rule, at, ...shares } = value as Record<string, unknown>;
  if (typeof rule !== 'string' || !Object.hasOwn(CLASSIFICATION_RULES, rule))
    refuse(`rule ${JSON.stringify(rule)}`, Object.keys(CLASSIFICATION_RULES).join(', '));
  if (!VDPC_TENSORS.includes(at as VdpcTensor)) refuse(`at ${JSON.stringify(at)}`, VDPC_TENSORS.join(', '));
  const share = (name: 'flaggedShare' | 'tau' | 'imageShare'): number => {
    const own = shares[name];
    return isShare(own) ? own : refuse(`${name} ${JSON.stringify(own)}`, '0 to 1');
  };
  return {
    ...{ rule: rule as ClassificationRule, at: at as VdpcTensor },
    ...{ flaggedShare: share('flaggedShare'), tau: share('tau'), imageShare: share('imageShare') },
  };
}

const isShare = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

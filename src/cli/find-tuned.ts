/** The file of `--tuned`; says so where it was found on another network. */
import { readTuned, type Tuned } from '../evaluate/tuned-file.js';
import type { Environment } from './environment.js';

export async function findTuned(
  { host, writeError }: Pick<Environment, 'host' | 'writeError'>,
  file: string,
  network: { readonly name: string },
): Promise<Tuned> {
  const tuned = await readTuned(host, file);
  if (tuned.model !== network.name)
    writeError(`warning: ${file} was tuned on ${tuned.model}, not on ${network.name}\n`);
  return tuned;
}

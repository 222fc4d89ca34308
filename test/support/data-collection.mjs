/** Where scripts find the data collection. */
import { existsSync } from 'node:fs';

/**
 * The folder `data` of the collection: SHARED_DIR's, else that beside the repository. Ends the script with 0, and says
 * why, where there is none.
 * @param root of the repository, with a slash at its end
 */
export function requireData(root) {
  const data = `${process.env.SHARED_DIR ?? `${root}../shared`}/data`;
  if (existsSync(data)) return data;
  console.log('The data collection is absent: set SHARED_DIR to the folder that holds data/.');
  process.exit(0);
}

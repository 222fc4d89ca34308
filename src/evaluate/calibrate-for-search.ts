/** Model file and calibration folder → calibrated model whose ranges are kept in the cache, with their key. */
import { contentKey } from '../support/cache.js';
import {
  type CalibratedModel,
  type CalibrationData,
  type CalibrationProgress,
  calibrateOnce,
  type FloatModel,
  readCalibrationSamples,
} from './calibrate-model.js';

/** Where searches keep what they have measured, unless told otherwise. */
export const CACHE_FOLDER = '.cache/quantmcu';

export async function calibrateForSearch(
  model: FloatModel,
  data: Omit<CalibrationData, 'rangesFile'>,
  cacheFolder: string,
  progress: CalibrationProgress = {},
): Promise<CalibratedModel> {
  const samples = await readCalibrationSamples(model.network, data, progress);
  const { folder, first, limit, recipe } = data;
  const name = contentKey([model.network.name, JSON.stringify({ folder, first, limit, recipe })]);
  const file = { host: data.host, path: `${cacheFolder}/ranges-${name}.json` };
  return { ...model, samples, ...(await calibrateOnce(model.network, samples, file, progress)) };
}

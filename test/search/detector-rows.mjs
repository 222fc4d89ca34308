/**
 * The person detector of the search table: widths by VDQS at shares of the cost of 8 bits, average precision on
 * labelled pictures before and after. Its scores have no best class, so the bound is a share of cost; what is held is
 * the memory.
 */
import { meanPrecision } from '../../dist/detect/average-precision.js';
import { evaluateDetections, listDetectionSamples, PRESETS, planModel } from '../../dist/index.js';

export const DETECTOR = {
  name: 'mcunet_persondet',
  model: 'mcunet_persondet_128x160_int8.tflite',
  calib: 'vww_calib',
  test: 'coco_val64',
  recipe: { preset: 'yolov3', values: {} },
  sram: 128,
};

const searched = { scope: 'all', weights: 'auto', stage: 'streaming', method: 'vdqs' };

export const DETECTOR_CASES = [
  ['int8; patches', { ...searched, weights: 'fixed', stage: 'patches', method: 'uniform-a8w8' }],
  ['int8; streaming', { ...searched, method: 'uniform-a8w8' }],
  ...[0.7, 0.5, 0.35].map((share) => [
    `VDQS noise; weights searched; streaming; cost ${share}`,
    { ...searched, costShare: share },
  ]),
  ['uniform a4w4; streaming', { ...searched, method: 'uniform-a4w4' }],
];

export const DETECTOR_COLUMNS = [
  ...['case', 'within_limits', 'bitops', 'fewer_than_int8_patches', 'fewer_than_int8_layers', 'arena_bytes'],
  ...[
    'peak_sram_bytes',
    'cycles_m4',
    'cycles_m7',
    'pictures',
    'person_ap50',
    'predicted_sqnr_db',
    'verified',
  ],
];

/** Person AP50 in percent of a plan, or of the int8 file as it is. */
export async function personPrecision(host, data, plan) {
  const samples = await listDetectionSamples(host, `${data}/images/${DETECTOR.test}`);
  const given = plan ?? (await planModel(host, `${data}/models/${DETECTOR.model}`, { mode: 'xnnpack' })).plan;
  const recipe = PRESETS[DETECTOR.recipe.preset];
  const { n, classes } = await evaluateDetections({
    ...{ plan: given, samples, recipe, engine: 'wasm', threads: 1, host },
  });
  return { n, ap50: 100 * meanPrecision(classes).map50 };
}

/** @param emulate of a plan: cycles, measured peak, whether every byte was equal */
export async function measureDetector([name, how], { search, host, data, options, emulate }) {
  const found = await search.search({ ...options, ...how, sramBytes: 1024 * DETECTOR.sram, refinements: 0 });
  const { n, ap50 } = await personPrecision(host, data, found.plan);
  const run = await emulate(found.plan);
  const ratio = (other) => (other === null ? '' : (other / found.bitops).toFixed(3));
  return [
    ...[name, found.found.feasible && found.fits, found.bitops, ratio(found.bitopsInt8Patched)],
    ...[ratio(found.bitopsInt8), found.arenaBytes, run.peak, run.m4, run.m7, n, ap50.toFixed(2)],
    ...[found.found.predictedSqnrDb.toFixed(2), run.ok],
  ].map(String);
}

/** Modes that are simulated only do not become firmware. */
import { expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { importModel } from '../../../src/import/index.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

it('refuses mode xnnpack by name, with the modes that work', () => {
  const graph = importModel(readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`), 'kws_dscnn_int8.tflite');
  const plan = lowerToPlan(graph, { mode: 'xnnpack' });
  expect(() => bind(plan, { core: 'm4', feature: 'dsp' })).toThrow(
    'kws_dscnn_int8: this requantisation mode is simulated only; firmware does not compute it; ' +
      'found xnnpack; expected tflm, single, mulhi. Plan the model in mode tflm or single.',
  );
});

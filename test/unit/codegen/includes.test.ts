/** A program of any one operator holds every file that its files include. */
import { posix } from 'node:path';
import { expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { emitKernels } from '../../../src/codegen/emit-kernels.js';
import { emitNetwork, kernelInstances } from '../../../src/codegen/emit-network.js';
import { emitConfig } from '../../../src/codegen/emit-project.js';
import { loadFirmwareTemplates } from '../../../src/codegen/templates.js';
import { STEP_OP_LIST, STEP_OPS } from '../../../src/ops/index.js';
import { createRandom } from '../../../src/support/random.js';

it.each(STEP_OP_LIST)('%s', (op) => {
  const { plan } = STEP_OPS[op].sample(createRandom(1), { mode: 'mulhi' });
  const bound = bind(plan, { core: 'm4', feature: 'dsp' });
  const templates = loadFirmwareTemplates();
  const files = new Map([
    ...emitNetwork(bound, templates, 'net'),
    ...emitKernels(kernelInstances(bound), 'mulhi', templates),
    ['quantmcu/config.h', emitConfig(bound, templates)],
  ]);
  // As the compiler is told: beside the file, then from the network's folder.
  const missing = [...files].flatMap(([path, text]) =>
    [...text.matchAll(/^\s*#include "([^"]+)"/gm)]
      .map(([, name]) => name!)
      .filter((name) => ![posix.dirname(path), 'quantmcu'].some((from) => files.has(posix.join(from, name))))
      .map((name) => `${path}: ${name}`),
  );
  expect(files.size).toBeGreaterThan(5);
  expect(missing).toEqual([]);
});

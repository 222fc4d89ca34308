/** A machine with npm packages only: zig compiles, the built-in core runs, and the missing cross-check is announced. */
import { expect, it } from 'vitest';
import { randomInputs } from '../../src/cli/network-inputs.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { planModel, verifyPlan } from '../../src/pipeline.js';
import { formatVerify } from '../../src/report/verify-text.js';
import { findBoard } from '../../src/targets/index.js';
import { FIXTURES } from '../support/paths.js';

// libunicorn is looked for once, at first use: this file has a process of its own.
process.env.QUANTMCU_LIBUNICORN = '/nowhere/libunicorn.so';
const host = { ...createNodeHost(), findProgram: async () => undefined };

it('verifies without cross compiler and libunicorn, and says that the cross-check was skipped', async () => {
  const { plan } = await planModel(host, `${FIXTURES}kws/kws_dscnn_int8.tflite`, {});
  const { bytes: inputs } = randomInputs(plan, 3);
  const now = (): number => performance.now();
  const options = { inputs, inputName: 'seed 3', engine: 'both', now } as const;
  const { report } = await verifyPlan(host, plan, findBoard('l4r5zi')!, options);
  expect(report).toMatchObject({ ok: true, fits: true, engine: 'builtin', crossCheck: { state: 'skipped' } });
  expect(report.toolchain).toMatch(/^zig cc/);
  expect(Object.keys(report.totals.cyclesByEngine)).toEqual(['builtin']);
  const [line] = formatVerify(report)
    .split('\n')
    .filter((text) => text.startsWith('cross-check'));
  expect(line).toMatch(/with unicorn skipped: .*libunicorn2.*--engine both/);
  const named = verifyPlan(host, plan, findBoard('l4r5zi')!, { ...options, engine: 'unicorn' });
  await expect(named).rejects.toMatchObject({ code: 'emulate/engine', kind: 'unsupported' });
});

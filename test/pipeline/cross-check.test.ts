/** Two engines on whole networks: registers and memory after every layer, and what is said where there is only one. */
import { describe, expect, it } from 'vitest';
import { randomInputs } from '../../src/cli/network-inputs.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { ENGINES } from '../../src/emulate/engines.js';
import { emulateFirmware } from '../../src/evaluate/emulate-firmware.js';
import { crossCheckReport } from '../../src/evaluate/verify-facts.js';
import { buildProject, planModel, verifyPlan } from '../../src/pipeline.js';
import { formatVerify } from '../../src/report/verify-text.js';
import { findBoard } from '../../src/targets/index.js';
import { FIXTURES } from '../support/paths.js';

const host = createNodeHost();
const KWS_MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
const absent = ENGINES.unicorn.unavailable() !== '';
const why = absent ? ' (skipped: libunicorn absent)' : '';
const now = (): number => performance.now();

describe.each(['l4r5zi', 'f746', 'u575'])('built-in core and Unicorn on %s', (boardId) => {
  it.skipIf(absent)(`agree on every register and byte after each layer${why}`, async () => {
    const { plan } = await planModel(host, KWS_MODEL, {});
    const inputs = randomInputs(plan, 7).bytes;
    const options = { inputs, inputName: 'seed 7', engine: 'both', now } as const;
    const { report } = await verifyPlan(host, plan, findBoard(boardId)!, options);
    expect(report).toMatchObject({ ok: true, engine: 'both' });
    expect(report.crossCheck).toMatchObject({
      state: 'equal',
      engines: ['builtin', 'unicorn'],
      layers: 13,
      // r0 to pc, flags, s0 to s31.
      registers: 49,
      difference: null,
    });
    // Whole SRAM, before the first layer and after each.
    expect(report.crossCheck!.memoryBytes).toBe(14 * findBoard(boardId)!.sram.bytes);
    expect(Math.abs(report.crossCheck!.cycleDifference!)).toBeLessThan(0.005);
    expect(formatVerify(report)).toMatch(/cross-check {2}builtin and unicorn agree after each of 13 layers/);
  });
});

describe('a difference', () => {
  it('is named with layer, place and both values, and fails', async () => {
    const { plan } = await planModel(host, KWS_MODEL, {});
    const board = findBoard('l4r5zi')!;
    const inputs = randomInputs(plan, 7).bytes;
    const firmware = await buildProject(host, plan, board, { now });
    const { emulations } = emulateFirmware(firmware, { engines: ['builtin'], inputs });
    const crossCheck = {
      ...{ stops: 14, registers: 17, memoryBytes: 1024 },
      difference: { step: 0, what: 'memory', address: 0x20001000, first: 1, second: 2, count: 3 },
    };
    const report = crossCheckReport(
      plan,
      'both',
      { engines: ['builtin', 'unicorn'], noReference: '' },
      { emulations: [emulations[0]!, { ...emulations[0]!, engine: 'unicorn' }], crossCheck },
    );
    expect(report).toMatchObject({
      state: 'different',
      difference: { layer: plan.steps[0]!.name, values: { builtin: 1, unicorn: 2 } },
    });
  });
});

/** The main job on whole networks: every feature map of the emulated firmware equals the simulation's. */
import { describe, expect, it } from 'vitest';
import { randomInputs } from '../../src/cli/network-inputs.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { inputSpec } from '../../src/data/input-spec.js';
import { prepareInput } from '../../src/data/prepare-input.js';
import { PRESETS } from '../../src/data/recipe.js';
import { ENGINES } from '../../src/emulate/engines.js';
import { type EmulationChoice, planModel, type Verified, verifyPlan } from '../../src/pipeline.js';
import { findBoard } from '../../src/targets/index.js';
import golden from '../golden/person-detection.json' with { type: 'json' };
import { FIXTURES, PERSON_INPUT, PERSON_MODEL, readBytes, sharedPath } from '../support/paths.js';

const host = createNodeHost();
const KWS_MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
const withoutUnicorn = ENGINES.unicorn.unavailable() !== '';
const why = withoutUnicorn ? ' (skipped: libunicorn absent)' : '';

async function verify(
  model: string,
  boardId: string,
  inputFile?: string,
  engine: EmulationChoice = 'unicorn',
): Promise<Verified> {
  const { plan } = await planModel(host, model, {});
  const inputs =
    inputFile === undefined
      ? randomInputs(plan, 20261123).bytes
      : [await prepareInput(readBytes(inputFile), inputFile, inputSpec(plan), PRESETS.stretch)];
  const now = (): number => performance.now();
  return verifyPlan(host, plan, findBoard(boardId)!, { inputs, inputName: 'input', engine, now });
}

describe.each(['nano33ble', 'h743', 'nrf5340'])('keyword spotting on %s', (boardId) => {
  it.skipIf(withoutUnicorn)(`has every feature map equal and memory as planned${why}`, async () => {
    const { report, firmware } = await verify(KWS_MODEL, boardId);
    expect(report).toMatchObject({ ok: true, fits: true, firstDifference: null, problems: [] });
    expect(report.layers).toHaveLength(13);
    expect(report.layers.filter((layer) => layer.cycles === 0)).toEqual([]);
    // The network did something: its maps are not constant.
    expect(new Set(report.outputs[0]!.values).size).toBeGreaterThan(1);
    const { totals } = report;
    // What the write watch saw is what the planner laid out and what the ELF file reserves.
    expect(totals.measured.arenaBytes).toBe(firmware.bound.arenaBytes);
    expect(totals.measured.staticSramBytes).toBe(totals.staticSramBytes);
    expect(totals.measured.paintedStackBytes).toBeLessThanOrEqual(totals.stackBytes);
    expect(totals.stackBytes).toBeLessThanOrEqual(totals.measured.reservedStackBytes);
    // MLPerf Tiny's count.
    expect(totals.macs).toBe(2656768);
  });
});

describe('both engines', () => {
  it.skipIf(withoutUnicorn)(`compute the same maps and nearly the same cycles${why}`, async () => {
    const { report } = await verify(KWS_MODEL, 'l4r5zi', undefined, 'both');
    expect(report).toMatchObject({ ok: true, fits: true, engine: 'both' });
    // Two cycle models of one core, written apart: block costs, and instruction by instruction.
    const { unicorn, builtin } = report.totals.cyclesByEngine;
    expect(Math.abs(unicorn! / builtin! - 1)).toBeLessThan(0.05);
  });
});

describe('person detection', () => {
  it('does not fit the nano33ble, runs all the same and says so', async () => {
    const { report } = await verify(PERSON_MODEL, 'nano33ble', PERSON_INPUT, 'builtin');
    expect(report).toMatchObject({ ok: true, fits: false, board: { virtual: true, sramBytes: 256 * 1024 } });
  });

  const inputs = Object.entries(golden.inputs).map(([name, expected]) => {
    const file = name.includes('00001_7425') ? PERSON_INPUT : sharedPath(`images/golden_inputs/${name}`);
    return { name, expected, file };
  });
  describe.each(inputs)('$name on the emulated M4', ({ expected, file }) => {
    // Unicorn takes ten times as long: one picture says that both engines agree on this network.
    const engine = file === PERSON_INPUT && !withoutUnicorn ? 'both' : 'builtin';
    const reason = file === undefined ? ' (skipped: data collection absent)' : '';
    it.skipIf(file === undefined)(
      `gives ${expected} with every feature map equal, ${engine}${reason}`,
      async () => {
        const { report } = await verify(PERSON_MODEL, 'l4r5zi', file, engine);
        expect(report).toMatchObject({ ok: true, fits: true });
        // `ok` says that the emulated output map, too, has the bytes of the simulation's.
        const [noPerson, person] = report.outputs[0]!.values;
        expect(person! - noPerson!).toBe(expected);
      },
    );
  });
});

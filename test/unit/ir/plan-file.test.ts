import { expect, it } from 'vitest';
import { importModel } from '../../../src/import/index.js';
import { requireSoundPlan, verifyPlan } from '../../../src/invariants/plan.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import { decodePlan, encodePlan } from '../../../src/ir/plan-file.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { STEP_OP_LIST, STEP_OPS } from '../../../src/ops/index.js';
import { QuantmcuError } from '../../../src/support/errors.js';
import { createRandom, type Random } from '../../../src/support/random.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

const plan = lowerToPlan(importModel(readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`), 'kws.tflite'), {
  mode: 'tflm',
});
const { json, weights } = encodePlan(plan);

it('reads back the plan that it wrote', () => {
  expect(decodePlan(json, weights, 'kws.plan.json')).toEqual(plan);
});

it.each(STEP_OP_LIST)('reads back sample plans of %s in every mode', (op) => {
  for (let seed = 1; seed <= 12; seed++) {
    const sample = STEP_OPS[op].sample(createRandom(seed));
    const files = encodePlan(sample.plan);
    expect(decodePlan(files.json, files.weights, 'sample'), `seed ${seed}`).toEqual(sample.plan);
    expect(verifyPlan(sample.plan), `seed ${seed}`).toEqual([]);
  }
});

it('writes the same text for the same plan, whatever the order of its keys', () => {
  const reversed = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(reversed)
      : typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([k, v]) => [k, reversed(v)]),
          )
        : value;
  expect(encodePlan(reversed(plan) as DeployPlan).json).toBe(json);
});

it('writes one tensor or step a line', () => {
  const lines = json.split('\n');
  expect(lines.filter((line) => line.includes('"op":')).length).toBe(plan.steps.length);
  expect(lines[1]).toBe('  "format": "quantmcu-deploy-plan",');
  expect(lines.find((line) => line.includes('"op":'))).toMatch(
    /^ {4}\{"name":"functional_1\/activation","op":"conv2d"/,
  );
});

const failure = (text: string, bytes = weights): string => {
  try {
    decodePlan(text, bytes, 'p.plan.json');
  } catch (error) {
    if (error instanceof QuantmcuError) return error.message;
    throw error;
  }
  throw new Error('accepted');
};

it('names what is wrong with a file', () => {
  expect(failure('{')).toMatch(/^p\.plan\.json: not valid JSON \(/);
  expect(failure('[]')).toBe(
    'p.plan.json: not a stored plan; found format nothing; expected "quantmcu-deploy-plan"',
  );
  expect(failure(json.replace('"version": 1', '"version": 7'))).toBe(
    'p.plan.json: stored by another version of this tool; found version 7; expected 1. Make the plan again from its model.',
  );
  expect(failure(json.replace('"padTop":4', '"padTop":"4"'))).toBe(
    'p.plan.json: plan.steps[0].window.padTop is wrong; found "4"; expected an integer',
  );
  expect(failure(json.replace('"op":"conv2d"', '"op":"conv9d"'))).toBe(
    'p.plan.json: plan.steps[0].op is wrong; found "conv9d"; expected a known operator',
  );
  expect(failure(json.replace('"padTop":4', '"padTop":4,"padDown":1'))).toMatch(/padDown is wrong/);
});

it('refuses constants of another plan', () => {
  const other = weights.slice();
  other[5] = other[5]! ^ 1;
  expect(failure(json, other)).toMatch(
    /^p\.plan\.json: the constants do not belong to this plan; found 28332 bytes, sha256 [0-9a-f]{12}…; expected 28332 bytes/,
  );
});

/** Replaces one random value somewhere in the document. */
function vandalise(document: unknown, random: Random): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  let parent: Record<string, unknown> = copy;
  for (;;) {
    const keys = Object.keys(parent);
    const key = random.pick(keys);
    const value = parent[key];
    if (
      typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length > 0 &&
      random.integer(0, 9) > 0
    ) {
      parent = value as Record<string, unknown>;
      continue;
    }
    const edits = [null, -1, 0, 1e9, 2 ** 31, -(2 ** 40), 1.5, 'x', [], {}, true, random.integer(-5, 300)];
    if (random.integer(0, 6) === 0) delete parent[key];
    else parent[key] = random.pick(edits);
    return copy;
  }
}

it('meets every vandalised plan with a sound plan or a one-line error', () => {
  const document: unknown = JSON.parse(json);
  let accepted = 0;
  let refused = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const random = createRandom(seed);
    const text = JSON.stringify(vandalise(document, random));
    try {
      requireSoundPlan(decodePlan(text, weights, 'v.plan.json'), 'v.plan.json');
      accepted++;
    } catch (error) {
      expect(error, `seed ${seed}: ${String((error as Error).stack)}`).toBeInstanceOf(QuantmcuError);
      expect((error as QuantmcuError).kind, `seed ${seed}`).toBe('input');
      expect((error as Error).message, `seed ${seed}`).toMatch(/^v\.plan\.json: [^\n]+$/);
      refused++;
    }
  }
  expect(accepted).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(2000);
});

/**
 * A DeployPlan as files: readable JSON (`<name>.plan.json`, one tensor or step a line, keys in a fixed order) and
 * the constants (`<name>.plan.bin`). Pure functions on text and bytes; the JSON holds the constants' SHA-256.
 */
import { createHash } from 'node:crypto';
import { badInput } from '../support/errors.js';
import { DEPLOY_PLAN_FORMAT, DEPLOY_PLAN_VERSION, type DeployPlan } from './deploy-plan.js';
import {
  list,
  optional,
  parseInteger,
  parseMode,
  parsePatchStage,
  parsePort,
  parsePostProcess,
  parseStep,
  parseString,
  parseTensor,
  record,
  SchemaError,
} from './plan-schema.js';

export interface PlanFiles {
  readonly json: string;
  readonly weights: Uint8Array;
}

export const PLAN_JSON_SUFFIX = '.plan.json';
export const PLAN_WEIGHTS_SUFFIX = '.plan.bin';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The plan as text and bytes; the same plan always gives the same text. */
export function encodePlan(plan: DeployPlan): PlanFiles {
  const lines = [
    `"format": ${JSON.stringify(plan.format)}`,
    `"version": ${plan.version}`,
    `"name": ${JSON.stringify(plan.name)}`,
    `"requantization": ${JSON.stringify(plan.requantization)}`,
    `"weights": ${JSON.stringify({ bytes: plan.weights.length, sha256: sha256(plan.weights) })}`,
    section('inputs', plan.inputs),
    section('outputs', plan.outputs),
    ...(plan.patchStage === undefined ? [] : [`"patchStage": ${JSON.stringify(sortKeys(plan.patchStage))}`]),
    ...(plan.postProcess === undefined
      ? []
      : [`"postProcess": ${JSON.stringify(sortKeys(plan.postProcess))}`]),
    section('tensors', plan.tensors),
    section('steps', plan.steps),
  ];
  return { json: `{\n  ${lines.join(',\n  ')}\n}\n`, weights: plan.weights };
}

const section = (name: string, items: readonly object[]): string =>
  items.length === 0
    ? `"${name}": []`
    : `"${name}": [\n    ${items.map((item) => JSON.stringify(sortKeys(item, true))).join(',\n    ')}\n  ]`;

/** What a reader looks for first stands first; the rest follows the alphabet. */
const LEADING_KEYS = ['id', 'name', 'op', 'inputs', 'output'];

function sortKeys(value: unknown, top = false): unknown {
  if (Array.isArray(value)) return value.map((item) => sortKeys(item));
  if (typeof value !== 'object' || value === null) return value;
  const rank = (key: string) =>
    top && LEADING_KEYS.includes(key) ? LEADING_KEYS.indexOf(key) : LEADING_KEYS.length;
  const keys = Object.keys(value).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, sortKeys((value as Record<string, unknown>)[key])]));
}

const parseDocument = record({
  format: parseString,
  version: parseInteger,
  name: parseString,
  requantization: parseMode,
  weights: record({ bytes: parseInteger, sha256: parseString }),
  inputs: list(parsePort),
  outputs: list(parsePort),
  patchStage: optional(parsePatchStage),
  postProcess: optional(parsePostProcess),
  tensors: list(parseTensor),
  steps: list(parseStep),
});

/**
 * Reads a plan back. `fileName` is for messages.
 * Errors (`input`): `plan-file/json`, `/format`, `/version`, `/schema`, `/weights`. The result has the right types;
 * whether it makes sense is for `verifyPlan` of src/invariants/plan.ts.
 */
export function decodePlan(json: string, weights: Uint8Array, fileName: string): DeployPlan {
  const document = parseJson(json, fileName);
  requireFormat(document, fileName);
  const parsed = parseTyped(document, fileName);
  const found = sha256(weights);
  if (weights.length !== parsed.weights.bytes || found !== parsed.weights.sha256)
    throw badInput('plan-file/weights', 'the constants do not belong to this plan', {
      where: fileName,
      found: `${weights.length} bytes, sha256 ${found.slice(0, 12)}…`,
      expected: `${parsed.weights.bytes} bytes, sha256 ${parsed.weights.sha256.slice(0, 12)}…`,
      fix: `Keep the ${PLAN_JSON_SUFFIX} and ${PLAN_WEIGHTS_SUFFIX} files of one plan together.`,
    });
  const { patchStage, postProcess, ...rest } = parsed;
  return {
    ...rest,
    ...(patchStage === undefined ? {} : { patchStage }),
    ...(postProcess === undefined ? {} : { postProcess }),
    format: DEPLOY_PLAN_FORMAT,
    version: DEPLOY_PLAN_VERSION,
    weights,
  };
}

function parseJson(json: string, fileName: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw badInput('plan-file/json', `not valid JSON (${(error as Error).message})`, { where: fileName });
  }
}

/** Before the schema, so that another version is called that and not a list of wrong fields. */
function requireFormat(document: unknown, fileName: string): void {
  const head = (typeof document === 'object' && document !== null ? document : {}) as Record<string, unknown>;
  if (head.format !== DEPLOY_PLAN_FORMAT)
    throw badInput('plan-file/format', 'not a stored plan', {
      where: fileName,
      found: `format ${describe(head.format)}`,
      expected: `"${DEPLOY_PLAN_FORMAT}"`,
    });
  if (head.version !== DEPLOY_PLAN_VERSION)
    throw badInput('plan-file/version', 'stored by another version of this tool', {
      where: fileName,
      found: `version ${describe(head.version)}`,
      expected: String(DEPLOY_PLAN_VERSION),
      fix: 'Make the plan again from its model.',
    });
}

function parseTyped(document: unknown, fileName: string) {
  try {
    return parseDocument(document, 'plan');
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw badInput('plan-file/schema', `${error.path} is wrong`, {
      where: fileName,
      found: describe(error.found),
      expected: error.expected,
    });
  }
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

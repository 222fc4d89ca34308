/**
 * Reads a bit assignment file: {"defaultActivationBits": 8, "defaultWeightBits": 4, "activations": {"map": 8},
 * "weights": {"layer": 2}}; every field may be left out (8 bits, no exceptions).
 */
import type { BitAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { badInput } from '../support/errors.js';

const FIELDS = ['defaultActivationBits', 'defaultWeightBits', 'activations', 'weights'] as const;

/** `where` names the file in errors; `defaults` are the widths of what the file leaves out. */
export function parseBitAssignment(
  text: string,
  where: string,
  defaults: { readonly activationBits: Width; readonly weightBits: Width } = {
    activationBits: 8,
    weightBits: 8,
  },
): BitAssignment {
  const json = parseObject(text, where);
  const unknown = Object.keys(json).find((key) => !FIELDS.some((field) => field === key));
  if (unknown !== undefined)
    throw badInput('assignment/field', `unknown field "${unknown}"`, { where, expected: FIELDS.join(', ') });
  return {
    defaultActivationBits: width(json.defaultActivationBits ?? defaults.activationBits, where),
    defaultWeightBits: width(json.defaultWeightBits ?? defaults.weightBits, where),
    activations: widths(json.activations ?? {}, `${where}, "activations"`),
    weights: widths(json.weights ?? {}, `${where}, "weights"`),
  };
}

function parseObject(text: string, where: string): Partial<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badInput('assignment/json', `not JSON (${(error as Error).message})`, { where });
  }
  return object(json, where);
}

function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw badInput('assignment/json', 'not a JSON object', { where });
}

const widths = (value: unknown, where: string): Record<string, Width> =>
  Object.fromEntries(Object.entries(object(value, where)).map(([name, bits]) => [name, width(bits, where)]));

function width(value: unknown, where: string): Width {
  if (value === 8 || value === 4 || value === 2) return value;
  throw badInput('assignment/width', 'not a width', {
    where,
    found: JSON.stringify(value),
    expected: '8, 4 or 2',
  });
}

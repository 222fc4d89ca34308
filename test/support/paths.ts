/** Where fixtures are, and the optional data collection outside the repository (SHARED_DIR, else ../shared). */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const FIXTURES = `${ROOT}test/fixtures/`;
export const PERSON_MODEL = `${FIXTURES}person-detection/mobilenet_v2_0.35_160_person_int8.tflite`;
export const PERSON_INPUT = `${FIXTURES}person-detection/cfu_mnv2_input_00001_7425.dat`;

const SHARED = process.env.SHARED_DIR ?? `${ROOT}../shared`;

/** Path inside the optional data collection, or undefined where it is not at hand. */
export function sharedPath(inside: string): string | undefined {
  const path = `${SHARED.replace(/\/+$/, '')}/data/${inside}`;
  return existsSync(path) ? path : undefined;
}

export const readBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

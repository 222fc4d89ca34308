/** A seeded sample of `npm run fuzz:tflite`; the script itself runs 2,000 cases. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const COUNT = Number(process.env.FUZZ_COUNT ?? 200);

test(`${COUNT} mutated .tflite files give clean outcomes`, () => {
  const script = fileURLToPath(new URL('fuzz-models.mjs', import.meta.url));
  const args = [script, '--count', String(COUNT), '--seed', process.env.FUZZ_SEED ?? '70000'];
  let output: string;
  try {
    output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`fuzzing failed:\n${(error as { stdout?: string }).stdout}`);
  }
  expect(output).toContain(`${COUNT} of ${COUNT} outcomes clean`);
  // The damage must reach past the reader: some files still lower, some are refused.
  expect(output).toMatch(/^ *\d+ {2}plan$/m);
  expect(output).toMatch(/^ *\d+ {2}tflite\/malformed$/m);
});

/** A seeded sample of `npm run fuzz:onnx`; the script itself runs 2,000 cases. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const COUNT = Number(process.env.FUZZ_COUNT ?? 200);

test(`${COUNT} mutated .onnx files give clean outcomes`, () => {
  const script = fileURLToPath(new URL('fuzz-models.mjs', import.meta.url));
  const seed = process.env.FUZZ_SEED ?? '80000';
  const args = [script, '--format', 'onnx', '--count', String(COUNT), '--seed', seed];
  let output: string;
  try {
    output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`fuzzing failed:\n${(error as { stdout?: string }).stdout}`);
  }
  expect(output).toContain(`${COUNT} of ${COUNT} outcomes clean`);
  // The damage must reach past the reader: some files still lower, some are refused.
  expect(output).toMatch(/^ *\d+ {2}plan$/m);
  expect(output).toMatch(/^ *\d+ {2}onnx\/malformed$/m);
});

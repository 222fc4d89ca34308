/** The CLI as a process: output streams, Ctrl-C, exit codes, threads. Runs the built dist/. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, ROOT } from '../support/paths.js';

const MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
const folder = mkdtempSync(join(tmpdir(), 'quantmcu-process-'));
const SAMPLES = 24_000;

beforeAll(() => {
  // Values over the whole range of int8: constant ones would be warned of.
  writeFileSync(
    join(folder, 'a.bin'),
    Uint8Array.from({ length: 490 }, (_, i) => 37 * i),
  );
  const rows = Array.from({ length: SAMPLES }, (_, i) => `a.bin,${Math.floor(i / 100) % 12}`);
  writeFileSync(join(folder, 'labels.csv'), `file,label\n${rows.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const start = (args: readonly string[], interruptAfterMs?: number): Promise<Outcome> =>
  node([join(ROOT, 'dist/cli/main.js'), ...args], interruptAfterMs);

function node(args: readonly string[], interruptAfterMs?: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    if (interruptAfterMs !== undefined) setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a script on the built modules of src/evaluate, which stand in variables of their camel-cased names. */
function script(modules: readonly string[], body: string): Promise<Outcome> {
  const imports = modules.map((name) => {
    const variable = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return `import * as ${variable} from ${JSON.stringify(join(ROOT, `dist/evaluate/${name}.js`))};`;
  });
  writeFileSync(join(folder, 'script.mjs'), `${imports.join('\n')}\n${body}`);
  return node(['script.mjs']);
}

describe('a pool of threads', () => {
  const network = "{ name: 'none', tensors: [], layers: [], inputs: [], outputs: [] }";
  const open = `const open = (threads) =>
    taskPool.createPool(observeRanges.observeTask, { network: ${network}, samples: [[]] }, threads);
    const outcome = (promise) => promise.then((value) => value, ({ code, name }) => (typeof code === 'string' ? code : name));`;
  const run = (body: string) => script(['task-pool', 'observe-ranges'], `${open}\n${body}`);

  it('answers, refuses what cannot be sent, and lets the process end though it is open', async () => {
    const { code, stdout } = await run(`
      const pool = await open(3);
      const uncloned = outcome(pool.run([() => 1]));
      console.log(JSON.stringify([await uncloned, await pool.run([]), await pool.run([])]));
      await outcome((await open(2)).run([() => 1]));`);
    expect([code, stdout]).toEqual([0, '["DataCloneError",[],[]]\n']);
  });

  it('rejects what is not answered when it is closed, and all that comes later', async () => {
    const { code, stdout } = await run(`
      const pool = await open(2);
      const asked = Array.from({ length: 5 }, () => outcome(pool.run([])));
      await pool.close();
      asked.push(outcome(pool.run([])));
      await pool.close();
      console.log(JSON.stringify(await Promise.all(asked)));`);
    expect([code, stdout]).toEqual([0, `${JSON.stringify(Array(6).fill('evaluate/pool'))}\n`]);
  });

  it('lives on when a thread dies', async () => {
    // No task fails outside of its requests, so the event is a made-up one.
    const { code, stdout } = await run(`
      const pool = await open(2);
      await pool.run([]);
      const { worker } = pool.lanes[0];
      worker.emit('error', new Error('dead'));
      await worker.terminate();
      console.log(JSON.stringify([await pool.run([]), pool.lanes.length]));
      await pool.close();
      process.exit();`);
    expect([code, stdout]).toEqual([0, '[[],1]\n']);
  });
});

describe('search as a process', () => {
  beforeAll(() => {
    // Every image another ramp: their order matters to sums, and equal ones would hide it.
    mkdirSync(join(folder, 'ramps'));
    for (let i = 0; i < 12; i++)
      writeFileSync(
        join(folder, 'ramps', `${i}.bin`),
        Uint8Array.from({ length: 490 }, (_, k) => (i + 3) * k),
      );
  });

  it('finds the same plan on one thread and on two', async () => {
    const search = ['search', MODEL, '--data', 'ramps', '--target', 'nano33ble', '--no-emulate', '--json'];
    search.push('--weights', 'auto');
    const ways = {
      bounded: ['--stage', 'none', '--agreement', '75', '--refine', '0'],
      plans: ['--stage', 'none', '--noise', 'plans', '--cost-share', '0.4'],
      refined: ['--stage', 'none', '--cost-share', '0.4', '--refine', '3'],
      classes: ['--stage', 'patches', '--vdpc', 'noise', '--agreement', '60', '--refine', '2'],
    };
    for (const [way, more] of Object.entries(ways)) {
      const found = await Promise.all(
        ['1', '2'].map((threads) => {
          const own = `${way}-${threads}`;
          const apart = ['--threads', threads, '--cache', `cache-${own}`, '-o', own];
          return start([...search, ...more, ...apart]);
        }),
      );
      for (const { code } of found) expect(code).toBe(0);
      const [first, second] = ['1', '2'].map((threads) =>
        ['json', 'bin'].map((end) => readFileSync(join(folder, `${way}-${threads}.plan.${end}`))),
      );
      expect(second![1]!.equals(first![1]!)).toBe(true);
      expect(second![0]!.equals(first![0]!)).toBe(true);
      const { noise, predicted, widths: all } = JSON.parse(found[0]!.stdout);
      expect(noise).toBe(way === 'plans' ? 'plans' : 'float');
      const measures = more[more.indexOf('--refine') + 1] !== '0' && way !== 'plans';
      expect(predicted.heldOutSqnrDb === null).toBe(!measures);
      const widths = Object.values(all.activations);
      expect(new Set(widths).size).toBeGreaterThan(1);
    }
  });

  it('measures no further plans once it has failed', async () => {
    const modules = ['calibrate-for-search', 'calibrate-model', 'held-out-accuracy'];
    const { code, stdout } = await script(
      modules,
      `
      const { createNodeHost, importModel, PRESETS } = await import(${JSON.stringify(join(ROOT, 'dist/index.js'))});
      const host = createNodeHost();
      const path = ${JSON.stringify(MODEL)};
      const float = calibrateModel.floatModel(importModel(await host.readFile(path), path));
      const data = { host, recipe: PRESETS.stretch, folder: 'ramps' };
      const model = await calibrateForSearch.calibrateForSearch(float, data, 'cache-failing');
      const layers = model.network.layers.flatMap((layer) => ('weights' in layer ? [layer.name] : []));
      const plans = layers.flatMap((name) => [4, 2].map((bits) => (
        { defaultActivationBits: 4, defaultWeightBits: 8, activations: {}, weights: { [name]: bits } })));
      let asked = 0;
      const wait = (ms) => new Promise((later) => setTimeout(later, ms));
      const json = async (key, make) => {
        // The first list fails once the second is being written.
        if (asked++ > 0) await wait(200);
        else {
          while (asked < 2) await wait(10);
          throw new Error('disk full');
        }
        return make();
      };
      const heldOut = new heldOutAccuracy.HeldOutAccuracy(model, { json, find: async () => undefined }, 2);
      const failed = await heldOut.measureAll(plans, { seed: 1 }).then(() => 'measured', ({ message }) => message);
      await wait(2500);
      console.log(JSON.stringify([plans.length, failed, asked, heldOut.pool === undefined]));
      process.exit();`,
    );
    expect(code).toBe(0);
    const [plans, failed, asked, isClosed] = JSON.parse(stdout);
    expect(failed).toBe('disk full');
    // At most those of the list that was being measured beside.
    expect(plans).toBeGreaterThan(16);
    expect(asked).toBeLessThanOrEqual(1 + 8);
    expect(isClosed).toBe(true);
  });
});

describe('simulate as a process', () => {
  const simulate = ['simulate', MODEL, '--data', '.', '--json'];

  it('gives the same figures on one thread and on two, no colour, nothing on stderr', async () => {
    const [one, two] = await Promise.all([
      start([...simulate, '--limit', '240']),
      start([...simulate, '--limit', '240', '--threads', '2']),
    ]);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    const { timing: _one, ...first } = JSON.parse(one.stdout);
    const { timing: _two, ...second } = JSON.parse(two.stdout);
    expect(second).toEqual(first);
    // Every label once in twelve: whatever the network says is right for a twelfth.
    expect(first).toMatchObject({ n: 240, top1: 8.33 });
    expect(two.stdout).not.toContain('\u001b');
  });

  it('keeps the partial result on Ctrl-C', async () => {
    const { code, stdout } = await start(simulate, 2500);
    const report = JSON.parse(stdout);
    expect(code).toBe(130);
    expect(report.complete).toBe(false);
    expect(report.n).toBeLessThan(SAMPLES);
  });

  it('rejects a wrong command line with code 2 and one hint', async () => {
    const { code, stdout, stderr } = await start(['simulate']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: .*\n\(add --help for usage\)\n$/);
  });
});

describe('codegen as a process', () => {
  it('leaves nothing but the project', async () => {
    const before = readdirSync(folder);
    const { code } = await start(['codegen', MODEL, '--target', 'l4r5zi', '-o', 'out']);
    expect(code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([...before, 'out'].sort());
    expect(readdirSync(join(folder, 'out'))).toEqual(expect.arrayContaining(['Makefile', 'CMakeLists.txt']));
    const foreign = await start(['codegen', MODEL, '--target', 'l4r5zi', '-o', '.']);
    expect(foreign.code).toBe(5);
    expect(foreign.stderr).toMatch(/^error codegen\/folder: .*--force.*\n$/);
  });
});

describe('verify as a process', () => {
  const verify = ['verify', MODEL, '--target', 'l4r5zi', '--engine', 'builtin'];

  it('gives the same bytes twice, timing apart, and keeps the project on request', async () => {
    const one = await start([...verify, '--json', '--keep', 'kept']);
    const two = await start([...verify, '--json']);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    const { timing: _one, ...first } = JSON.parse(one.stdout);
    const { timing: _two, ...second } = JSON.parse(two.stdout);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ ok: true, fits: true, target: 'l4r5zi', engine: 'builtin', mode: 'tflm' });
    expect(readdirSync(join(folder, 'kept'))).toEqual(expect.arrayContaining(['firmware.elf', 'Makefile']));
  });

  it('says in words and with code 3 that a board is too small', async () => {
    const tiny = {
      ...{ id: 'tiny', core: 'm4', clockHz: 64_000_000 },
      flash: { origin: 0, bytes: 1 << 20 },
      sram: { origin: 0x20000000, bytes: 8192 },
    };
    writeFileSync(join(folder, 'tiny.json'), JSON.stringify(tiny));
    const { code, stdout } = await start(['verify', MODEL, '--board', 'tiny.json', '--engine', 'builtin']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/total, 13 layers .* 13 of 13 equal/);
    expect(stdout).toMatch(/^OK {9}firmware and simulation agree/m);
    expect(stdout).toMatch(/^TOO BIG {4}[\d.,]+ (KiB|B) more SRAM than tiny has; it ran on a virtual board/m);
  });

  it('names the boards where none or an unknown one is given', async () => {
    const { code, stderr } = await start(['verify', MODEL, '--target', 'l4r5zy']);
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^error target\/unknown: no such board; found l4r5zy; expected --target nano33ble\|.*\n$/,
    );
  });
});

/**
 * `npm run parity:full`: 1,000 random shapes of every kernel and pair of widths on every emulated core with both toolchains,
 * byte for byte against the reference, and the table of it, test/parity/FULL-RUN.md. Rows that the table has are left
 * out, so that a stopped run goes on.
 *
 * PARITY_SHAPES (default 1000), PARITY_SEED, PARITY_KERNEL=<start of "operator variant"> and PARITY_RENEW=1, which runs
 * these kernels anew; PARITY_MINUTES: no row is begun later than that.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { linkedKernels } from '../../src/bind/variants/links.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain, type Toolchain } from '../../src/compile/toolchain.js';
import type { ElfImage } from '../../src/ir/elf-image.js';
import type { FirmwareMode } from '../../src/numeric/requantize.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import type { Board } from '../../src/targets/index.js';
import { tensorDifference } from './c-difference.js';
import { type ParityCase, parityCase, programFiles } from './c-programs.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';
import { type FullRunCell, readFullRun, writeFullRun } from './full-run-document.js';
import { KERNEL_ROWS, type KernelRow, kernelTitle } from './kernel-rows.js';
import { kernelSamples, type SampleCount } from './kernel-samples.js';
import { type LinkedCase, linkedCase, linkedDifferences } from './linked-cases.js';
import { spreadCases } from './live-cases.js';
import { objectKeeper } from './object-keeper.js';

const SHAPES = Number(process.env.PARITY_SHAPES ?? 1000);
const SEED = Number(process.env.PARITY_SEED ?? 61000);
const MINUTES = Number(process.env.PARITY_MINUTES ?? Number.POSITIVE_INFINITY);
/** Fewer shapes are a trial: the document is not for them. */
const IS_FULL = SHAPES >= 1000;
const DOCUMENT = fileURLToPath(new URL('FULL-RUN.md', import.meta.url));
/** Of one firmware: three of them, one for each mode. */
const PER_ELF = Math.ceil(SHAPES / 3);
/** Between the first seeds of two firmwares. */
const SEEDS = 1_000_000;

/** Kernels that call the same instances draw the same families, so that objects are found again. */
const instanceGroup = (row: KernelRow): string =>
  kernelTitle(row).replace(/\d+$/, '').replace('strips', 'rows');

const seedOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32LE(0);

const rows = KERNEL_ROWS.filter((row) => kernelTitle(row).startsWith(process.env.PARITY_KERNEL ?? ''));
const boards = ['l4r5zi', 'f746', 'u575'].map(roomyBoard);
const host = createNodeHost();
afterAll(() => host.cleanUp());

/** Kernels whose instances are dear: long loops written out, or two of them for each family. */
const LARGE_INSTANCES = ['rows', 'strips', 'columns'];

const familyOf = ({ name, link }: KernelRow) =>
  link !== undefined || LARGE_INSTANCES.includes(name) ? { familySize: 50 } : {};

function boundCase(row: KernelRow, sample: SampleCase, index: number): ParityCase {
  if (row.link !== undefined) {
    const link = linkedKernels(sample.plan, 'dsp').find(({ reader }) => reader.variant === row.variant)!;
    return linkedCase(sample, link, 'm4', index);
  }
  const bound = bind(sample.plan, { core: 'm4', feature: 'dsp' }, { choice: () => row.name });
  return parityCase(sample, bound, index);
}

const drawnCases = (row: KernelRow, mode: FirmwareMode, count: SampleCount): ParityCase[] =>
  row.name === 'spread'
    ? spreadCases(row.inputBits, mode, count)
    : kernelSamples(row, mode, { ...count, ...familyOf(row) }).map((sample, i) => boundCase(row, sample, i));

/** Bound cases, one firmware at a time; modes take turns, those that the kernel lacks drop out. */
function* firmwares(row: KernelRow): Generator<ParityCase[]> {
  const modes = [...row.modes];
  const first = SEED + seedOf(`${instanceGroup(row)} ${row.pair}`);
  for (let [done, turn] = [0, 0]; done < SHAPES && modes.length > 0; turn++) {
    const at = turn % modes.length;
    const count = Math.min(PER_ELF, SHAPES - done);
    const cases = drawnCases(row, modes[at]!, { seed: first + SEEDS * turn, count });
    if (cases.length < count) modes.splice(at, 1);
    if (cases.length === 0) continue;
    done += cases.length;
    yield cases;
  }
}

const keeping = objectKeeper();

interface Target {
  readonly toolchain: Toolchain;
  readonly board: Board;
}

const isLinked = (cases: readonly ParityCase[]): cases is readonly LinkedCase[] =>
  cases.every((item) => 'map' in item);

function differencesOf(cases: readonly ParityCase[], elf: ElfImage, board: Board): string[] {
  const runs = emulateCases(cases, elf, board, 'builtin');
  if (isLinked(cases)) return linkedDifferences(cases, runs);
  return cases.flatMap(({ sample, expected }, i) => tensorDifference(sample, expected, runs[i]!.output));
}

/** Differences by target of one firmware; both toolchains at once, core by core, which share constants. */
async function runFirmware(cases: readonly ParityCase[], targets: readonly Target[]): Promise<string[][]> {
  const files = programFiles(cases);
  const chains = new Map<Toolchain, Promise<unknown>>();
  const runs = targets.map(async ({ toolchain, board }) => {
    const build = (chains.get(toolchain) ?? Promise.resolve()).then(() =>
      buildCases(host, toolchain, cases, board, { files, keeping }),
    );
    chains.set(toolchain, build);
    return differencesOf(cases, await build, board);
  });
  return Promise.all(runs);
}

/** Counts of one row over all its firmwares. */
async function runRow(row: KernelRow, targets: readonly Target[]): Promise<FullRunCell> {
  const differing = targets.map(() => 0);
  const examples: string[] = [];
  let [shapes, bounds] = [0, 0];
  const instances = new Set<string>();
  for (const cases of firmwares(row)) {
    for (const [i, found] of (await runFirmware(cases, targets)).entries()) {
      differing[i]! += found.length;
      examples.push(...found);
    }
    shapes += cases.length;
    bounds += cases.filter(({ sample }) => sample.label.includes('at the bounds')).length;
    for (const { bound, sample } of cases)
      for (const { kernel } of bound.steps.flatMap(({ calls }) => calls))
        instances.add(`${sample.plan.requantization} ${kernel.name}`);
  }
  const counts = { shapes, bounds, instances: instances.size };
  return { kernel: kernelTitle(row), pair: row.pair, counts, differing, examples };
}

it(`${SHAPES} shapes of every kernel and pair of widths, seed ${SEED}`, async () => {
  const toolchains = [await findToolchain(host, 'gcc'), await findToolchain(host, 'zig')];
  const targets = toolchains.flatMap((toolchain) => boards.map((board) => ({ toolchain, board })));
  const names = targets.map(({ toolchain, board }) => `${board.core} ${toolchain.id}`);
  const about = { seed: SEED, toolchains: toolchains.map(({ version }) => version), targets: names };
  const known = IS_FULL ? readFullRun(DOCUMENT) : new Map<string, FullRunCell>();
  const isKnown = (row: KernelRow): boolean =>
    process.env.PARITY_RENEW !== '1' && known.has(`${kernelTitle(row)} ${row.pair}`);
  const end = performance.now() + 60_000 * MINUTES;
  const order = KERNEL_ROWS.map((row) => `${kernelTitle(row)} ${row.pair}`);
  for (const row of rows.filter((candidate) => !isKnown(candidate))) {
    if (performance.now() > end) break;
    const begin = performance.now();
    const cell = await runRow(row, targets);
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const counted = `${cell.counts.shapes} shapes, ${cell.counts.bounds} at the bounds, ${cell.counts.instances} instances`;
    process.stderr.write(
      `${cell.kernel} ${cell.pair}: ${counted}, differing ${cell.differing.join(' ')}, ${seconds} s\n`,
    );
    expect(cell.examples.slice(0, 10)).toEqual([]);
    expect(cell.counts.shapes).toBe(SHAPES);
    known.set(`${cell.kernel} ${cell.pair}`, cell);
    if (IS_FULL) writeFullRun(DOCUMENT, about, order, known);
  }
});

/**
 * `npm run vdpc:worth [-- network…] [--bits 4] [--quick]`: what value-driven patch classification is worth. Half,
 * a quarter or three quarters of the patch positions keep 8 bits, chosen by each rule, at random, or not at all
 * (all branches alike, widths of the stage's maps chosen by their noise at equal BitOPs); layers behind the stage
 * and all weights stay at 8 bits. Classes from calibration images alone, figures from the test images by the integer
 * engine. Rewrites the rows of the networks it ran in src/classify/vdpc.csv and src/classify/VDPC.md. Needs
 * `npm run build` and the data collection (SHARED_DIR, else ../shared). `--quick`: half of the positions only, no sweep.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrate } from '../../dist/calibrate/calibrate.js';
import { calibrateRegions } from '../../dist/calibrate/calibrate-regions.js';
import { createFloatRunner } from '../../dist/calibrate/run-float.js';
import { pairedDifference } from '../../dist/compare/paired-statistics.js';
import { inputSpec, storeReals } from '../../dist/data/input-spec.js';
import { classifyPatches, DEFAULT_CLASSIFY_OPTIONS } from '../../dist/evaluate/classify-patches.js';
import { spreadSamples } from '../../dist/evaluate/evaluate.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { mapNoise } from '../../dist/evaluate/map-noise.js';
import { buildFloatNetwork, createFloatEngine } from '../../dist/evaluate/quantize-model.js';
import { observedRegions, quantizeStaged } from '../../dist/evaluate/quantize-staged.js';
import { expandStage, StagedSkeleton, skeletonPlan } from '../../dist/evaluate/search-skeleton.js';
import { createNodeHost, createWasmEngine, importModel, listSamples, PRESETS } from '../../dist/index.js';
import { isWeighted } from '../../dist/ir/float-network.js';
import { uniformAssignment } from '../../dist/ir/stage-data.js';
import { stepMacs } from '../../dist/ops/index.js';
import { unpackActivation } from '../../dist/ops/plan-access.js';
import { stageCuts } from '../../dist/patch/branches.js';
import { layOutStage } from '../../dist/patch/layout.js';
import { activationGrids, narrowableGroups } from '../../dist/quantize/activation-grids.js';
import { DEFAULT_QUANTIZE_OPTIONS, quantizeNetwork } from '../../dist/quantize/quantize.js';
import { noiseToSignal, scoreTensors } from '../../dist/quantize/score-noise.js';
import { createRandom } from '../../dist/support/random.js';
import { requireData } from '../support/data-collection.mjs';
import { highest, RANKINGS, STAGES, SWEEP } from './vdpc-cases.mjs';
import { renderVdpc } from './vdpc-table.mjs';
import { NETWORKS } from './width-cases.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { bits: { type: 'string', default: '4' }, quick: { type: 'boolean', default: false } },
});
const bits = Number(flags.bits);
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = requireData(root);
const CSV = `${root}src/classify/vdpc.csv`;
const COLUMNS =
  'network,bits,protected,choice,images,bitops_reduction,points_lost,half_width_95,agreement,score_sqnr_db';
const CALIBRATION = 64;
const GRID = 4;
const host = createNodeHost();
const engine = createFloatEngine();
const quantizing = { ...DEFAULT_QUANTIZE_OPTIONS, reconstruction: { kind: 'none' } };

async function readSamples(folder, network, recipe, limit) {
  const samples = spreadSamples(await listSamples(host, `${data}/images/${folder}`), limit);
  return Promise.all(
    samples.map(async ({ path, label }) => ({
      values: [await readFloatInput(await host.readFile(path), path, network, recipe)],
      label: label + recipe.labelOffset,
    })),
  );
}

const best = (scores) => scores.reduce((at, x, i) => (x > scores[at] ? i : at), 0);

/** Float scores of the test images, and a function that measures a plan against them. */
function meter(network, test) {
  const runner = createFloatRunner(network);
  const tensor = scoreTensors(network)[0];
  const float = test.map(({ values }) => {
    runner.run(values);
    return runner.map(tensor).slice();
  });
  return (plan) => {
    const loaded = createWasmEngine().load(plan);
    const id = plan.tensors.find(({ name }) => name === network.tensors[tensor].name).id;
    const { scale, zeroPoint } = plan.tensors[id];
    const scores = test.map(({ values }) => {
      let own;
      loaded.run([storeReals(values[0], inputSpec(plan))], (_step, at, bytes) => {
        if (at === id)
          own = Float32Array.from(unpackActivation(plan.tensors[id], bytes), (q) => scale * (q - zeroPoint));
      });
      return own;
    });
    loaded.dispose?.();
    const right = (list) => list.map((s, i) => best(s) === test[i].label);
    const { points, halfWidth } = pairedDifference(right(float), right(scores));
    const agreed = scores.filter((s, i) => best(s) === best(float[i])).length;
    const wrap = (list) => list.map((s) => [s]);
    const sqnr = -10 * Math.log10(noiseToSignal(wrap(float), wrap(scores)));
    return { points, halfWidth, agreement: (100 * agreed) / test.length, sqnr };
  };
}

const bitops = (plan) =>
  plan.steps.reduce(
    (sum, step) =>
      'weights' in step
        ? sum + stepMacs(step, plan) * step.weightBits * plan.tensors[step.inputs[0]].bits
        : sum,
    0,
  );

/** Everything about a network that all cases share. */
async function prepare(name) {
  const definition = NETWORKS[name];
  const path = `${data}/models/${definition.model}`;
  const network = buildFloatNetwork(importModel(await host.readFile(path), path));
  const recipe = { ...PRESETS[definition.recipe.preset], ...definition.recipe.values };
  const calibration = await readSamples(definition.calib, network, recipe, CALIBRATION);
  const samples = calibration.map(({ values }) => values);
  const test = await readSamples(definition.test, network, recipe);
  const ranges = await calibrate(network, samples);
  const whole = quantizeNetwork(network, ranges, uniformAssignment(8, 8), samples, engine, quantizing).plan;
  const cut = stageCuts(whole).find(({ steps }) => steps === STAGES[name]);
  const layout = layOutStage(whole, { cut, rows: GRID, columns: GRID, input: 'streamed' });
  const branchRanges = calibrateRegions(network, samples, observedRegions(layout), cut.steps);
  return {
    name,
    network,
    samples,
    ranges,
    layout,
    branchRanges,
    images: test.length,
    measure: meter(network, test),
  };
}

/** The patched plan with these classes; `narrow` lists the maps that plain branches store in fewer bits. */
function staged(model, classOf, classes) {
  const used = [...new Set(classOf)].sort();
  const request = {
    layout: model.layout,
    classOf: classOf.map((c) => used.indexOf(c)),
    classes: used.map((c) => classes[c]),
    branchRanges: model.branchRanges,
    assignment: uniformAssignment(8, 8),
  };
  return quantizeStaged(model.network, model.ranges, model.samples, request, engine, quantizing).plan;
}

const TWO = [
  { activations: {}, defaultActivationBits: 8 },
  { activations: {}, defaultActivationBits: bits },
];

/** BitOPs that storing a group of the stage's maps in fewer bits saves: of every layer that reads it, halos included. */
function bitopsSaved({ network, layout, ranges }, groups) {
  const stored = activationGrids(network, ranges, uniformAssignment(8, 8), { method: quantizing.ranges });
  const { cut, rows, columns, input } = layout;
  const stage = { kind: 'patches', stageLayers: cut.steps, grid: [rows, columns], input };
  const plan = expandStage(skeletonPlan(network, stored), stage);
  const macs = new StagedSkeleton({ plan }, plan).layerMacs(network.layers.length);
  return groups.map((group) =>
    network.layers.reduce(
      (sum, layer, i) =>
        isWeighted(layer) && group.includes(layer.inputs[0]) ? sum + macs[i] * 8 * (8 - bits) : sum,
      0,
    ),
  );
}

/** All branches alike: maps of the stage with the least noise per BitOP saved are narrow, until the target is met. */
function alike(model, full, target) {
  const { network, layout, ranges, samples } = model;
  const inside = new Set(network.layers.slice(0, layout.cut.steps).map(({ output }) => output));
  inside.delete(layout.cut.output);
  const groups = narrowableGroups(network).filter((group) => group.every((id) => inside.has(id)));
  model.noise ??= mapNoise(
    { network, ranges, samples, measured: spreadSamples(samples, 8), groups, widths: [8, bits] },
    engine,
    quantizing,
  );
  const rated = bitopsSaved(model, groups).map((saved, i) => {
    const [wide, narrow] = model.noise.slice(2 * i, 2 * i + 2);
    return {
      name: network.tensors[groups[i][0]].name,
      saved,
      price: (narrow.noise - wide.noise) / Math.max(1, saved),
    };
  });
  rated.sort((a, b) => a.price - b.price);
  const names = [];
  for (let left = full; left > target && names.length < rated.length; left -= rated[names.length - 1].saved)
    names.push(rated[names.length].name);
  const everyBranch = layout.branches.map(() => 0);
  return staged(model, everyBranch, [
    { activations: Object.fromEntries(names.map((n) => [n, bits])), defaultActivationBits: 8 },
  ]);
}

async function measureNetwork(name) {
  const model = await prepare(name);
  const positions = GRID * GRID;
  const rows = [];
  const reference = staged(model, Array(positions).fill(0), TWO);
  const int8 = bitops(reference);
  const known = new Map();
  const add = (count, choice, plan) => {
    const { points, halfWidth, agreement, sqnr } = model.measure(plan);
    const figures = [(int8 / bitops(plan)).toFixed(3), points.toFixed(2), halfWidth.toFixed(2)];
    rows.push(
      [name, bits, count, choice, model.images, ...figures, agreement.toFixed(1), sqnr.toFixed(2)].join(','),
    );
    console.log(rows.at(-1).replace(/,/g, '  '));
  };
  const addClasses = (choice, classOf) => {
    const count = classOf.filter((c) => c === 0).length;
    const plan = known.get(classOf.join()) ?? staged(model, classOf, TWO);
    known.set(classOf.join(), plan);
    add(count, choice, plan);
    return plan;
  };
  addClasses('all at 8 bits', Array(positions).fill(0));
  addClasses('all narrow', Array(positions).fill(1));
  const classify = (options) =>
    classifyPatches(model, engine, { ...DEFAULT_CLASSIFY_OPTIONS, ...options }, quantizing);
  const figures = RANKINGS.map(({ rule, at }) => figuresOf(classify, { rule, at }));
  for (const share of flags.quick ? [0.5] : [0.25, 0.5, 0.75]) {
    const count = share * positions;
    const plans = RANKINGS.map(({ label }, i) => addClasses(label, highest(figures[i], count)));
    addClasses(
      'the least noisy protected',
      highest(
        figures[0].map((x) => -x),
        count,
      ),
    );
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      addClasses(
        `random ${seed}`,
        highest(
          figures[0].map(() => random.next()),
          count,
        ),
      );
    }
    add('', `no classes; BitOPs as with ${count} protected by noise`, alike(model, int8, bitops(plans[0])));
  }
  if (!flags.quick)
    for (const { flaggedShare, tau } of SWEEP) {
      const { classes, threshold } = classifyLoosely(classify, {
        rule: 'outlier',
        at: 'first',
        flaggedShare,
        tau,
      });
      const z = threshold === undefined ? '' : `; z ${threshold.z.toFixed(2)}`;
      const label = `sweep: φ flags ${100 * flaggedShare} %; τ ${100 * tau} %${z}`;
      addClasses(
        label,
        classes.map((c) => (c === 'protected' ? 0 : 1)),
      );
    }
  return rows;
}

/** The figures that rank the positions; the outlier rule gives them at any share of images that splits at all. */
function figuresOf(classify, options) {
  for (const imageShare of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1]) {
    try {
      return classify({ ...options, imageShare }).figures;
    } catch (error) {
      if (error.code !== 'classify/no-split') throw error;
    }
  }
  throw new Error(`${options.rule} does not tell positions apart`);
}

/** A split that the rule refuses is shown as what it is. */
function classifyLoosely(classify, options) {
  try {
    return classify(options);
  } catch (error) {
    if (error.code !== 'classify/no-split') throw error;
    const all = error.message.includes('all of');
    return { classes: Array(GRID * GRID).fill(all ? 'protected' : 'plain') };
  }
}

const names = positionals.length > 0 ? positionals : Object.keys(STAGES);
for (const name of names) {
  const fresh = await measureNetwork(name);
  const old = existsSync(CSV) ? readFileSync(CSV, 'utf8').trim().split('\n').slice(1) : [];
  const kept = old.filter((row) => !row.startsWith(`${name},${bits},`));
  const order = Object.keys(STAGES);
  const rows = [...kept, ...fresh].sort(
    (a, b) => order.indexOf(a.split(',')[0]) - order.indexOf(b.split(',')[0]),
  );
  writeFileSync(CSV, `${[COLUMNS, ...rows].join('\n')}\n`);
  writeFileSync(`${root}src/classify/VDPC.md`, renderVdpc(rows.map((row) => row.split(','))));
}

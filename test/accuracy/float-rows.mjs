/** Accuracy of float networks by the float engine, for `npm run accuracy`. */
import { createFloatRunner } from '../../dist/calibrate/run-float.js';
import { readFloatInput } from '../../dist/evaluate/float-inputs.js';
import { buildFloatNetwork } from '../../dist/evaluate/quantize-model.js';
import { importModel, listSamples, PRESETS } from '../../dist/index.js';
import { scoreTensors } from '../../dist/quantize/score-noise.js';
import { NETWORKS } from './width-cases.mjs';

/** Preprocessing of the network that a file holds: `ic_resnet8_float.onnx` and `.tflite` share one. */
function recipeOf(file) {
  const stem = file.replace(/\.\w+$/, '');
  const { recipe } = Object.values(NETWORKS).find(({ model }) => model.startsWith(`${stem}.`));
  return { ...PRESETS[recipe.preset], ...recipe.values };
}

/** How many scores are above that of the label. */
const rankOf = (scores, label) => scores.reduce((rank, x) => rank + (x > scores[label] ? 1 : 0), 0);

/** Percent right and images per second of a float .tflite or .onnx file. */
export async function measureFloat(host, data, { model, set }) {
  const path = `${data}/models/${model}`;
  const network = buildFloatNetwork(importModel(await host.readFile(path), path));
  const recipe = recipeOf(model);
  const runner = createFloatRunner(network);
  const [scores] = scoreTensors(network);
  const samples = await listSamples(host, `${data}/images/${set}`);
  const ranks = [];
  const start = performance.now();
  for (const { path: image, label } of samples) {
    runner.run([await readFloatInput(await host.readFile(image), image, network, recipe)]);
    ranks.push(rankOf(runner.map(scores), label + recipe.labelOffset));
  }
  const share = (k) => (100 * ranks.filter((rank) => rank < k).length) / ranks.length;
  const imagesPerSecond = (1000 * ranks.length) / (performance.now() - start);
  return { n: ranks.length, top1: share(1), top5: share(5), timing: { imagesPerSecond } };
}

/**
 * An imported plan as one of mode `mulhi`, at 8-bit or narrower widths: the same steps and shapes with constants of
 * that mode. For timing alone; the narrower plans compute nothing meaningful.
 */
import { packLanes } from '../../dist/numeric/lanes.js';
import { quantizeMulhi } from '../../dist/numeric/requantize.js';
import { WIDTHS } from '../../dist/numeric/widths.js';
import { addScaling } from '../../dist/ops/add.js';
import { readMultipliers, readWeights } from '../../dist/ops/plan-access.js';

const realOf = (m) => m.multiplier * 2 ** (m.shift - 31);

class Blobs {
  parts = [];
  bytes = 0;
  add(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const ref = { offset: this.bytes, length: bytes.length };
    this.parts.push(bytes);
    this.bytes += bytes.length;
    return ref;
  }
}

/** `plan` in mode tflm or single. The network's input and output stay at 8 bits. */
export function mulhiPlan(plan, { activationBits = 8, weightBits = 8 } = {}) {
  const ends = new Set([...plan.inputs, ...plan.outputs].map((port) => port.tensor));
  // Reshapes and softmax keep their 8-bit neighbours.
  for (const step of [...plan.steps].reverse())
    if ((step.op === 'reshape' || step.op === 'softmax') && ends.has(step.output)) ends.add(step.inputs[0]);
  const tensors = plan.tensors.map((tensor) => {
    if (ends.has(tensor.id) || activationBits === 8) return tensor;
    const shrink = 2 ** (8 - activationBits);
    const zeroPoint = Math.floor((tensor.zeroPoint + 128) / shrink);
    return { ...tensor, bits: activationBits, zeroPoint, scale: tensor.scale * shrink };
  });
  const blobs = new Blobs();
  const copy = (ref) => blobs.add(plan.weights.slice(ref.offset, ref.offset + ref.length));
  const clampOf = (step) => {
    const { activationMin: min, activationMax: max } = WIDTHS[tensors[step.output].bits];
    return tensors[step.output].bits === 8 ? step.clamp : { min, max };
  };
  /** Change of a step's real multiplier with the scales of its input and output. */
  const change = (step) => {
    const ratio = (id) => tensors[id].scale / plan.tensors[id].scale;
    return ratio(step.inputs[0]) / ratio(step.output);
  };
  const weighted = (step) => {
    const rowLength = step.op === 'conv2d' ? tensors[step.inputs[0]].shape[2] : tensors[step.output].shape[2];
    const row = step.op === 'fully_connected' ? step.weights.length / rowLength : rowLength;
    const values = readWeights(plan, step.weights, step.weights.length / row, row, 8);
    const shrink = 2 ** (8 - weightBits);
    const { weightMax } = WIDTHS[weightBits];
    const narrow = values.map((w) => Math.max(-weightMax, Math.min(weightMax, Math.round(w / shrink))));
    const multipliers = readMultipliers(plan, step).map((m) =>
      quantizeMulhi(realOf(m) * shrink * change(step)),
    );
    const bias = new Int32Array(
      plan.weights.slice(step.bias.offset, step.bias.offset + step.bias.length).buffer,
    );
    const inputChange = tensors[step.inputs[0]].scale / plan.tensors[step.inputs[0]].scale;
    return {
      ...step,
      weights: blobs.add(weightBits === 8 ? Int8Array.from(values) : packLanes(narrow, row, weightBits)),
      weightBits,
      weightZeroPoint: weightBits === 8 ? step.weightZeroPoint : 0,
      bias: blobs.add(bias.map((b) => Math.round(b / shrink / inputChange))),
      multiplier: blobs.add(Int32Array.from(multipliers, (m) => m.multiplier)),
      shift: blobs.add(Int8Array.from(multipliers, (m) => m.shift)),
      clamp: clampOf(step),
    };
  };
  const steps = plan.steps.map((step) => {
    const scaleOf = (index) => tensors[step.inputs[index]].scale;
    switch (step.op) {
      case 'conv2d':
      case 'depthwise_conv2d':
      case 'fully_connected':
        return weighted(step);
      case 'add': {
        const scaling = addScaling(scaleOf(0), scaleOf(1), tensors[step.output].scale, 'mulhi');
        return { ...step, scaling, clamp: clampOf(step) };
      }
      case 'mean':
        return { ...step, requant: quantizeMulhi(realOf(step.requant) * change(step)), clamp: clampOf(step) };
      case 'average_pool2d': {
        const counts = step.window.kernelHeight * step.window.kernelWidth;
        const perCount = Array.from({ length: counts }, (_, i) => quantizeMulhi(change(step) / (i + 1)));
        return { ...step, origin: 0, perCount, clamp: clampOf(step) };
      }
      case 'softmax':
        return { ...step, expTable: copy(step.expTable) };
      case 'reshape':
      case 'pad':
        return step;
      default:
        throw new Error(`bench: no mulhi form of ${step.op}`);
    }
  });
  return {
    ...plan,
    name: `${plan.name} a${activationBits}w${weightBits}`,
    requantization: 'mulhi',
    tensors,
    steps,
    weights: new Uint8Array(Buffer.concat(blobs.parts)),
  };
}

/** PAD nodes into the padding of the convolution behind them, where nothing else reads the padded tensor. */
import type { Padding2d, Window2d } from '../../../ir/graph.js';
import { kernelSpan } from '../../../ops/graph-shapes.js';
import type { DraftNode, DraftNodeOf } from '../draft.js';
import { countUses, type Network, withoutDeadNodes } from './network.js';

type PadNode = DraftNodeOf<'pad'>;

export function foldPadding(network: Network): Network {
  const uses = countUses(network);
  const pads = new Map<number, PadNode>();
  for (const node of network.nodes) if (node.op === 'pad') pads.set(node.outputs[0]!, node);
  const nodes = network.nodes.map((node): DraftNode => {
    if (node.op !== 'conv2d' && node.op !== 'depthwise_conv2d') return node;
    const [x, ...constants] = node.inputs;
    const pad = pads.get(x!);
    const padding = pad === undefined || uses.get(x!) !== 1 ? undefined : joined(node.window, pad);
    if (pad === undefined || padding === undefined) return node;
    return { ...node, inputs: [pad.inputs[0]!, ...constants], window: { ...node.window, padding } };
  });
  return withoutDeadNodes({ ...network, nodes });
}

/** Both paddings together; undefined when the batch or the channels are padded, or the sum spans the kernel. */
function joined(window: Window2d, { before, after }: PadNode): Padding2d | undefined {
  if (before.length !== 4 || [before[0], before[3], after[0], after[3]].some((n) => n !== 0))
    return undefined;
  const p = window.padding;
  const [top, left] = [p.top + before[1]!, p.left + before[2]!];
  // Padding behind counts only as far as the last window reaches, which `window` says already.
  const [bottom, right] = [p.bottom + after[1]!, p.right + after[2]!];
  const fits = (span: number, ...sides: readonly number[]) => sides.every((side) => side < span);
  return fits(kernelSpan(window.kernelHeight, window.dilationHeight), top, bottom) &&
    fits(kernelSpan(window.kernelWidth, window.dilationWidth), left, right)
    ? { top, bottom, left, right }
    : undefined;
}

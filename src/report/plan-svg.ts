/**
 * A picture of a bound plan: memory over time, one block per tensor with the peak marked, the width of every feature
 * map of every branch, and the patches or rows of the stage on the input image. Plain SVG, no script; blocks name themselves when pointed at.
 */
import type { BoundPlan, BoundTensor } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { layerName, stageEnd } from '../ir/step-functions.js';
import { formatBytes } from './units.js';
import { WIDTH_HUES, widthMap, widthMapHeight } from './width-svg.js';

const CHART = { left: 80, top: 56, width: 1000, height: 420 } as const;
const IMAGE = { top: 560, size: 320 } as const;
const FONT = 'font-family="system-ui, sans-serif"';

export function planSvg(bound: BoundPlan): string {
  const { plan } = bound;
  const image = plan.patchStage === undefined ? IMAGE.top - 24 : IMAGE.top + IMAGE.size + 32;
  const height = image + 24 + widthMapHeight(plan) + 24;
  const width = CHART.left + CHART.width + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(CHART.left, 24, `${plan.name}: memory over time`, 'font-size="16" font-weight="600"'),
    text(CHART.left, 42, legend(bound), 'fill="#555"'),
    ...memoryBlocks(bound),
    ...axes(bound),
    ...(plan.patchStage === undefined ? [] : inputPieces(plan)),
    text(CHART.left, image + 12, widthTitle(plan), 'font-weight="600"'),
    ...widthMap(plan, { left: CHART.left, top: image + 24, width: CHART.width }),
    '</svg>',
    '',
  ].join('\n');
}

const escapeText = (value: string): string =>
  value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

const text = (x: number, y: number, value: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeText(value)}</text>`;

const round = (value: number): number => Math.round(value * 100) / 100;

const widthTitle = ({ patchStage: stage }: DeployPlan): string =>
  stage?.kind === 'patches'
    ? `width of every feature map, layer by layer; inside the stage one row for each of the ${stage.rows * stage.columns} branches`
    : 'width of every feature map, layer by layer';

function legend({ arenaBytes, tensorBytes, scratchBytes, plan, peakStep }: BoundPlan): string {
  const parts = [`arena ${formatBytes(arenaBytes)}`, `tensors ${formatBytes(tensorBytes)}`];
  const bits = [...new Set(plan.tensors.map((tensor) => tensor.bits))].sort((a, b) => b - a);
  return `${[...parts, `scratch up to ${formatBytes(scratchBytes)}`].join(', ')}; peak at ${plan.steps[peakStep]!.name}; ${bits.map((b) => `${b} bits`).join(', ')}`;
}

interface Scale {
  x(step: number): number;
  y(byte: number): number;
}

/** Time runs over the steps, with half a step before and behind for inputs and outputs. */
function scaleOf(bound: BoundPlan): Scale {
  const steps = bound.plan.steps.length + 1;
  return {
    x: (step) => CHART.left + ((step + 0.5) / steps) * CHART.width,
    y: (byte) => CHART.top + (1 - byte / Math.max(1, bound.arenaBytes)) * CHART.height,
  };
}

function block(scale: Scale, from: number, to: number, range: { offset: number; bytes: number }): string {
  const x = Math.max(CHART.left, scale.x(from));
  const right = Math.min(CHART.left + CHART.width, scale.x(to + 1));
  const top = scale.y(range.offset + range.bytes);
  const size = `width="${round(right - x)}" height="${round(scale.y(range.offset) - top)}"`;
  return `x="${round(x)}" y="${round(top)}" ${size}`;
}

function memoryBlocks(bound: BoundPlan): string[] {
  const scale = scaleOf(bound);
  const { plan } = bound;
  const stored = bound.tensors.filter((placed) => placed.rowPitch === undefined);
  const tensors = stored.map((placed, at) => {
    const tensor = plan.tensors[placed.tensor]!;
    const fill = `hsl(${WIDTH_HUES[tensor.bits] ?? 0} 60% ${58 + (at % 4) * 8}%)`;
    const title = `${tensor.name}: ${tensor.shape.join('×')}, ${tensor.bits} bits, ${formatBytes(placed.bytes)}`;
    const place = block(scale, placed.firstStep, lastStep(placed, stored), placed);
    return `<rect ${place} fill="${fill}" stroke="#fff" stroke-width="0.4"><title>${escapeText(title)}</title></rect>`;
  });
  const scratch = bound.steps.flatMap(({ index, scratch: range }) =>
    range === null
      ? []
      : [
          `<rect ${block(scale, index, index, range)} fill="#9a9a9a"><title>${escapeText(`scratch of ${plan.steps[index]!.name}: ${formatBytes(range.bytes)}`)}</title></rect>`,
        ],
  );
  return [...tensors, ...scratch];
}

/** A tensor whose bytes another takes over ends where that one begins. */
function lastStep(placed: BoundTensor, all: readonly BoundTensor[]): number {
  const heir = all.find(
    (other) => other.shares?.with === placed.tensor && other.shares.reason === 'in_place',
  );
  return heir === undefined ? placed.lastStep : Math.min(placed.lastStep, heir.firstStep - 1);
}

function axes(bound: BoundPlan): string[] {
  const scale = scaleOf(bound);
  const { plan } = bound;
  const bottom = CHART.top + CHART.height;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const bytes = share * bound.arenaBytes;
    return text(CHART.left - 8, scale.y(bytes) + 4, formatBytes(bytes), 'text-anchor="end" fill="#555"');
  });
  const peak = scale.x(bound.peakStep + 0.5);
  const stage = plan.patchStage;
  return [
    ...ticks,
    `<line x1="${CHART.left}" y1="${bottom}" x2="${CHART.left + CHART.width}" y2="${bottom}" stroke="#555"/>`,
    `<line x1="${round(peak)}" y1="${CHART.top}" x2="${round(peak)}" y2="${bottom}" stroke="#c00" stroke-dasharray="4 3"/>`,
    text(peak + 4, CHART.top + 12, `peak ${formatBytes(bound.arenaLowerBoundBytes)}`, 'fill="#c00"'),
    text(CHART.left, bottom + 18, `${plan.steps.length} steps`, 'fill="#555"'),
    ...(stage === undefined
      ? []
      : [
          `<line x1="${round(scale.x(stageEnd(stage)))}" y1="${CHART.top}" x2="${round(scale.x(stageEnd(stage)))}" y2="${bottom}" stroke="#333"/>`,
          text(scale.x(stageEnd(stage)) - 4, bottom + 18, 'stage ends', 'text-anchor="end" fill="#333"'),
        ]),
  ];
}

interface Piece {
  readonly y: number;
  readonly x: number;
  readonly height: number;
  readonly width: number;
  readonly label: string;
}

/** What the steps of the stage read of the input: crops of a streamed one, views of a resident one. */
function piecesOf(plan: DeployPlan): Piece[] {
  const stage = plan.patchStage!;
  const input = plan.inputs[0]!.tensor;
  return plan.steps.slice(stage.firstStep, stageEnd(stage)).flatMap((step) => {
    const label =
      layerName(step.name) === step.name ? step.name : step.name.slice(layerName(step.name).length);
    if (step.op === 'crop' && step.inputs[0] === input) {
      const [height, width] = plan.tensors[step.output]!.shape;
      return [{ y: step.y, x: step.x, height, width, label }];
    }
    return step.inputs
      .map((id) => plan.tensors[id]!)
      .filter((tensor) => tensor.view?.of === input)
      .map(({ view, shape }) => ({ y: view!.y, x: view!.x, height: shape[0], width: shape[1], label }));
  });
}

function inputPieces(plan: DeployPlan): string[] {
  const [height, width] = plan.tensors[plan.inputs[0]!.tensor]!.shape;
  const scale = IMAGE.size / Math.max(height, width);
  const stage = plan.patchStage!;
  const pieces = piecesOf(plan);
  const title =
    stage.kind === 'patches'
      ? `${stage.rows}×${stage.columns} patches on the ${height}×${width} input: where they overlap is read, and in part computed, again`
      : `rows of the ${height}×${width} input as they are read, ${stage.rowsPerStep} a step at most`;
  const rects = pieces.map((piece, at) => {
    const fill = `hsl(${(at * 47) % 360} 70% 50%)`;
    const place = `x="${round(CHART.left + piece.x * scale)}" y="${round(IMAGE.top + piece.y * scale)}" width="${round(piece.width * scale)}" height="${round(piece.height * scale)}"`;
    const name = `${piece.label} rows ${piece.y}–${piece.y + piece.height - 1}, columns ${piece.x}–${piece.x + piece.width - 1}`;
    return `<rect ${place} fill="${fill}" fill-opacity="0.18" stroke="${fill}"><title>${escapeText(name)}</title></rect>`;
  });
  return [
    text(CHART.left, IMAGE.top - 12, title, 'font-weight="600"'),
    `<rect x="${CHART.left}" y="${IMAGE.top}" width="${round(width * scale)}" height="${round(height * scale)}" fill="#f4f4f4" stroke="#555"/>`,
    ...rects,
  ];
}

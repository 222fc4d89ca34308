/**
 * The width of every feature map as a picture: a column per layer, and inside a patch stage a cell per branch. The
 * rows of a streamed stage are pieces of one map and count once.
 */
import type { DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import { layerName, stageEnd } from '../ir/step-functions.js';

/** Colour by width of the stored element, as hue. */
export const WIDTH_HUES: Readonly<Record<number, number>> = { 8: 212, 4: 150, 2: 32 };

export interface WidthCell {
  /** Column: position of the layer in the network. */
  readonly layer: number;
  /** Branch, row by row; undefined outside a patch stage. */
  readonly branch?: number;
  readonly tensor: PlanTensor;
}

/** One cell per feature map and branch, layers in order. */
export function widthCells(plan: DeployPlan): readonly WidthCell[] {
  const stage = plan.patchStage;
  const columns = new Map<string, number>();
  const cells = new Map<string, WidthCell>();
  plan.steps.forEach((step, index) => {
    if (step.op === 'crop') return;
    const inside = stage !== undefined && index >= stage.firstStep && index < stageEnd(stage);
    const name = inside ? layerName(step.name) : step.name;
    const layer = columns.get(name) ?? columns.size;
    columns.set(name, layer);
    const tensor = plan.tensors[step.output]!;
    const branch =
      inside && stage.kind === 'patches'
        ? Math.floor((index - stage.firstStep) / stage.stepsPerBranch)
        : undefined;
    const key = `${layer}/${branch ?? ''}`;
    if (!cells.has(key)) cells.set(key, { layer, tensor, ...(branch === undefined ? {} : { branch }) });
  });
  return [...cells.values()];
}

const ROW = 12;
const LOWEST = 48;

/** Pixels that `widthMap` takes below its title. */
export const widthMapHeight = (plan: DeployPlan): number => Math.max(LOWEST, ROW * branchesOf(plan));

const branchesOf = ({ patchStage }: DeployPlan): number =>
  patchStage?.kind === 'patches' ? patchStage.rows * patchStage.columns : 1;

export function widthMap(
  plan: DeployPlan,
  place: { readonly left: number; readonly top: number; readonly width: number },
): string[] {
  const cells = widthCells(plan);
  const layers = 1 + Math.max(...cells.map(({ layer }) => layer));
  const height = widthMapHeight(plan);
  const [column, row] = [place.width / layers, height / branchesOf(plan)];
  const branches = branchesOf(plan);
  return cells.map(({ layer, branch, tensor }) => {
    const [y, tall] = branch === undefined ? [place.top, height] : [place.top + branch * row, row];
    const box = `x="${round(place.left + layer * column)}" y="${round(y)}" width="${round(column)}" height="${round(tall)}"`;
    const title = `${escapeText(tensor.name)}: ${tensor.shape.join('×')}, ${tensor.bits} bits`;
    const middle = `x="${round(place.left + (layer + 0.5) * column)}" y="${round(y + tall / 2 + 3)}"`;
    const label =
      column > 7 ? `<text ${middle} text-anchor="middle" font-size="8">${tensor.bits}</text>` : '';
    const fill = `hsl(${WIDTH_HUES[tensor.bits] ?? 0} 60% ${branches === 1 || branch === undefined ? 72 : 66}%)`;
    return `<g><title>${title}</title><rect ${box} fill="${fill}" stroke="#fff" stroke-width="0.6"/>${label}</g>`;
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;

const escapeText = (value: string): string =>
  value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

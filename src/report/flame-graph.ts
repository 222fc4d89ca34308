/**
 * Call paths and their cycles as a flame graph: an SVG without scripts, one box per function on a path, as wide as its
 * share, callers below callees. The same stacks give the same bytes.
 * Source of the picture: B. Gregg, "The Flame Graph", CACM 59(6), 2016.
 */
import { formatCount, formatPercent } from './units.js';

export interface FlameStack {
  /** Outermost first. */
  readonly frames: readonly string[];
  /** Spent at the end of the path, callees excluded. */
  readonly cycles: number;
}

interface Box {
  readonly name: string;
  cycles: number;
  readonly children: Map<string, Box>;
}

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 18;
const TITLE = 40;
/** Narrower boxes are left out, with all that stands on them. */
const NARROWEST = 0.3;
const CHARACTER = 6.6;

export function flameGraph(title: string, stacks: readonly FlameStack[]): string {
  const root = buildTree(stacks);
  const scale = root.cycles === 0 ? 0 : (WIDTH - 2 * MARGIN) / root.cycles;
  const depth = depthOf(root, scale);
  const height = TITLE + depth * ROW + MARGIN;
  const boxes: string[] = [];
  const draw = (box: Box, x: number, level: number): void => {
    const width = box.cycles * scale;
    if (width < NARROWEST) return;
    boxes.push(drawBox(box, root.cycles, x, height - MARGIN - (level + 1) * ROW, width));
    let left = x;
    for (const child of sorted(box)) {
      draw(child, left, level + 1);
      left += child.cycles * scale;
    }
  };
  draw(root, MARGIN, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fffdf8"/>`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="15">${escapeXml(title)}</text>`,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

function buildTree(stacks: readonly FlameStack[]): Box {
  const root: Box = { name: 'all', cycles: 0, children: new Map() };
  for (const { frames, cycles } of stacks) {
    root.cycles += cycles;
    let box = root;
    for (const name of frames) {
      let child = box.children.get(name);
      if (child === undefined) {
        child = { name, cycles: 0, children: new Map() };
        box.children.set(name, child);
      }
      child.cycles += cycles;
      box = child;
    }
  }
  return root;
}

/** By name, so that small changes of the figures leave the picture as it was. */
const sorted = (box: Box): readonly Box[] =>
  [...box.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

function depthOf(box: Box, scale: number): number {
  if (box.cycles * scale < NARROWEST) return 0;
  return 1 + Math.max(0, ...[...box.children.values()].map((child) => depthOf(child, scale)));
}

function drawBox(box: Box, total: number, x: number, y: number, width: number): string {
  const place = `x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${ROW - 1}"`;
  const hint = `${box.name}: ${formatCount(box.cycles)} cycles, ${formatPercent(box.cycles / total, 2)}`;
  const room = Math.floor((width - 6) / CHARACTER);
  const shown = box.name.length <= room ? box.name : `${box.name.slice(0, room - 1)}…`;
  const text =
    room < 3 ? '' : `<text x="${(x + 3).toFixed(2)}" y="${y + ROW - 6}">${escapeXml(shown)}</text>`;
  return `<g><title>${escapeXml(hint)}</title><rect ${place} rx="1" fill="${colorOf(box.name)}"/>${text}</g>`;
}

/** A warm colour that depends on the name alone (FNV-1a). */
function colorOf(name: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return `hsl(${hash % 50}, ${60 + ((hash >>> 8) % 30)}%, ${62 + ((hash >>> 16) % 16)}%)`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!);

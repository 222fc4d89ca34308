/** A flame graph as SVG: call paths from below, width by cycles. After Brendan Gregg's idea; drawn here from scratch. */
import type { Stack } from './builtin-profile.js';

interface Frame {
  readonly name: string;
  cycles: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW = 18;
const MARGIN = 10;
/** Narrower frames are left out: nobody can see them. */
const NARROWEST = 0.3;
const CHARACTER = 6.6;

/** One SVG document; hovering over a frame tells its name, cycles and share. */
export function flameGraph(stacks: readonly Stack[], title: string): string {
  const root: Frame = { name: 'all', cycles: 0, children: new Map() };
  for (const { frames, cycles } of stacks) {
    let frame = root;
    frame.cycles += cycles;
    for (const name of frames) {
      const child = frame.children.get(name) ?? { name, cycles: 0, children: new Map() };
      frame.children.set(name, child);
      child.cycles += cycles;
      frame = child;
    }
  }
  const depth = depthOf(root);
  const height = (depth + 1) * ROW + 3 * MARGIN + ROW;
  const parts: string[] = [];
  draw(root, MARGIN, 0, (WIDTH - 2 * MARGIN) / Math.max(1, root.cycles), height, root.cycles, parts);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 8}" font-size="13">${escapeXml(title)}: ${root.cycles} cycles</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function depthOf(frame: Frame): number {
  return 1 + Math.max(0, ...[...frame.children.values()].map(depthOf));
}

function draw(
  frame: Frame,
  x: number,
  level: number,
  scale: number,
  height: number,
  total: number,
  parts: string[],
): void {
  const width = frame.cycles * scale;
  if (width < NARROWEST) return;
  const y = height - MARGIN - (level + 1) * ROW;
  const share = ((100 * frame.cycles) / Math.max(1, total)).toFixed(2);
  const room = Math.floor((width - 4) / CHARACTER);
  const label = room < 3 ? '' : frame.name.length <= room ? frame.name : `${frame.name.slice(0, room - 1)}…`;
  parts.push(
    `<g><title>${escapeXml(frame.name)}: ${frame.cycles} cycles, ${share} %</title>` +
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour(frame.name)}"/>` +
      `<text x="${(x + 2).toFixed(1)}" y="${y + 13}">${escapeXml(label)}</text></g>`,
  );
  let left = x;
  for (const child of [...frame.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    draw(child, left, level + 1, scale, height, total, parts);
    left += child.cycles * scale;
  }
}

/** The same name always has the same warm colour. */
function colour(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return `hsl(${hash % 50}, 80%, ${60 + (hash % 15)}%)`;
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

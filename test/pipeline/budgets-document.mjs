/** The document of `npm run verify:plans -- --document file`: a section per model, written anew one by one. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const HEAD = `# The first layers under budgets

Per model the cheapest plan of each kind whose arena is within the budget; where none is, the one with the smallest
arena (\`no\`): its \`bound\`, the bytes that are live at its worst step, is what no layout of that plan can undercut.
Every plan has run on the emulated boards, with more memory than the board has where it needs more: all feature maps
equal to the simulation's, outputs equal to the whole network's, arena, variables and their sum with the stack measured
as planned, to the byte. The arena holds the image where the input is resident, and every piece of it where it is
streamed. Peak: arena, stack as used, variables. Cycles at zero wait states.

Made by \`npm run verify:plans -- --document src/patch/BUDGETS.md\`; \`--models regex\` writes only these models' sections
anew.
`;

const line = (cells) => `| ${cells.join(' | ')} |`;

/** Writes the section of `model`, aside and renamed; sections stand by name. */
export function writeBudgets(file, titles, model, rows) {
  const old = existsSync(file) ? readFileSync(file, 'utf8').split(/^## /m).slice(1) : [];
  const sections = new Map(old.map((text) => [text.split('\n')[0], text.trimEnd()]));
  const ruled = titles.slice(1).map((_, i) => (i > 2 ? '--:' : '---'));
  const cells = rows.map(([, ...rest]) => titles.slice(1).map((_, i) => rest[i] ?? '–'));
  sections.set(model, [model, '', ...[titles.slice(1), ruled, ...cells].map(line)].join('\n'));
  const text = [...sections.keys()].sort().map((name) => `\n## ${sections.get(name)}\n`);
  writeFileSync(`${file}.part`, HEAD + text.join(''));
  renameSync(`${file}.part`, file);
}

/** Aligned text tables: a header, rows of cells, numbers to the right. */
import { plainStyle, type Style } from './style.js';
import { displayWidth } from './units.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Longer cells are shortened in the middle. */
  readonly maxWidth?: number;
}

/** A cell, or a cell that is coloured after it is aligned. */
export type Cell = string | { readonly text: string; readonly format: Parameters<Style>[0] };

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** Lines without trailing blanks; columns two blanks apart. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style = plainStyle,
): string {
  const shown = rows.map((row) => row.map((cell, c) => shortenCell(cell, columns[c]?.maxWidth)));
  const widths = columns.map((column, c) =>
    Math.max(displayWidth(column.title), ...shown.map((row) => displayWidth(textOf(row[c] ?? '')))),
  );
  const line = (cells: readonly Cell[]): string =>
    columns
      .map((column, c) =>
        alignCell(cells[c] ?? '', widths[c]!, column.align, c === columns.length - 1, style),
      )
      .join('  ')
      .trimEnd();
  const header = line(columns.map((column) => ({ text: column.title, format: 'dim' as const })));
  return [header, ...shown.map(line)].join('\n');
}

function alignCell(cell: Cell, width: number, align: Column['align'], isLast: boolean, style: Style): string {
  const text = textOf(cell);
  const blanks = ' '.repeat(width - displayWidth(text));
  const colored = typeof cell === 'string' || text === '' ? text : style(cell.format, text);
  if (align === 'right') return blanks + colored;
  return isLast ? colored : colored + blanks;
}

function shortenCell(cell: Cell, maxWidth: number | undefined): Cell {
  const text = textOf(cell);
  if (maxWidth === undefined || displayWidth(text) <= maxWidth) return cell;
  const short = shortenMiddle(text, maxWidth);
  return typeof cell === 'string' ? short : { ...cell, text: short };
}

/** Keeps both ends: layer names differ at either. */
export function shortenMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  const tail = width - 1 - head;
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

/** "label  value" lines with the labels in one column. */
export function formatPairs(
  pairs: readonly (readonly [string, string])[],
  style: Style = plainStyle,
): string {
  const width = Math.max(...pairs.map(([label]) => displayWidth(label)));
  return pairs.map(([label, value]) => `${style('dim', label.padEnd(width))}  ${value}`.trimEnd()).join('\n');
}

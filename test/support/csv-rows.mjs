/** Rows of a table of ours (no quoted cells) by the names of its columns. */
export function csvRows(text) {
  const [columns, ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((cells) => Object.fromEntries(columns.map((column, i) => [column, cells[i]])));
}

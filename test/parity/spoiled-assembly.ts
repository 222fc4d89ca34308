/** Planted errors: what a parity test must notice. */

/** The middle multiply-accumulate of an assembly file with its third operand replaced by its second. */
export function spoiled(text: string): string {
  const lines = text.split('\n');
  const products = lines.flatMap((line, i) => (/^\s*sml\w+ (\w+), (\w+), (?!\2)\w+,/.test(line) ? [i] : []));
  const at = products[products.length >> 1]!;
  lines[at] = lines[at]!.replace(/^(\s*sml\w+ \w+, (\w+), )\w+,/, '$1$2,');
  return lines.join('\n');
}

/** The last store of a word of two pixels goes to the first one's place. */
export function misplaced(text: string): string {
  const lines = text.split('\n');
  const at = lines.findLastIndex((line) => /^\s*str \w+, \[r0, #\d+\]$/.test(line));
  lines[at] = lines[at]!.replace(/#\d+/, '#0');
  return lines.join('\n');
}

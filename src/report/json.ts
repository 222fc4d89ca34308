/** Reports as JSON: two blanks, keys in the order they were written, a final newline. */

export const formatJson = (report: unknown): string => `${JSON.stringify(report, null, 2)}\n`;

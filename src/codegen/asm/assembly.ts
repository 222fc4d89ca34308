/** Writes one Thumb-2 function line by line, in unified syntax. */

export class Assembly {
  private readonly lines: string[] = [];

  /** Instructions, one a line. */
  emit(...instructions: readonly string[]): void {
    for (const instruction of instructions) this.lines.push(`  ${instruction}`);
  }

  /** A label, local to the file when `name` starts with `.L`. */
  label(name: string): void {
    this.lines.push(`${name}:`);
  }

  comment(text: string): void {
    this.lines.push(`  @ ${text}`);
  }

  /** The lines as a global function in a section of its own, which the linker drops when it is unused. */
  functionText(name: string): string {
    return [
      `  .section .text.${name},"ax",%progbits`,
      '  .balign 4',
      `  .global ${name}`,
      `  .type ${name}, %function`,
      '  .thumb_func',
      `${name}:`,
      ...this.lines,
      `  .size ${name}, . - ${name}`,
      '',
    ].join('\n');
  }
}

/** A file of functions. */
export const assemblyFile = (about: string, functions: readonly string[]): string =>
  [`@ ${about} Generated.`, '  .syntax unified', '  .thumb', ...functions].join('\n');

/** Colour as a function that a report is given: plain text when the output is not a terminal. */

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export type Style = (format: Format, text: string) => string;

export const plainStyle: Style = (_format, text) => text;

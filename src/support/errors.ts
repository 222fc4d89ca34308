/**
 * The project's error type: every failure a user can meet has a stable code, a kind and a fix.
 *
 * Three kinds, each with its own exit code, so that a script can tell them apart:
 * `bug` (we are wrong), `limit` (the input exceeds a stated bound), `unsupported` (a valid input that we
 * cannot process), and `input` for what is simply malformed (reported like `unsupported`).
 */

export type ErrorKind = 'bug' | 'limit' | 'unsupported' | 'input';

/** Process exit codes of the CLI; 0 is success. Documented in README.md. */
export const EXIT_CODES = {
  success: 0,
  /** Some feature map differs; `regress`: or a cost grew. */
  mismatch: 1,
  /** Wrong command line; a missing file is `input`. */
  usage: 2,
  /** Bytes are equal, but the network does not fit the board; or no plan keeps the limits. */
  doesNotFit: 3,
  unsupported: 4,
  input: 5,
  limit: 6,
  /** Emulated firmware faulted. */
  fault: 7,
  bug: 70,
  interrupted: 130,
} as const;

/** Everything a user needs to act: where, what was found, what was expected, how to fix it. */
export interface ErrorDetail {
  /** File path, layer, tensor or instruction the error is about. */
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly fix?: string;
}

/** An error with a stable code, e.g. `tflite/truncated`; its `message` is one line. */
export class QuantmcuError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly detail: ErrorDetail;

  constructor(kind: ErrorKind, code: string, message: string, detail: ErrorDetail = {}) {
    super(composeMessage(message, detail));
    this.name = 'QuantmcuError';
    this.kind = kind;
    this.code = code;
    this.detail = detail;
  }
}

function composeMessage(message: string, detail: ErrorDetail): string {
  const parts = [detail.where === undefined ? message : `${detail.where}: ${message}`];
  if (detail.found !== undefined) parts.push(`found ${detail.found}`);
  if (detail.expected !== undefined) parts.push(`expected ${detail.expected}`);
  const head = parts.join('; ');
  return (detail.fix === undefined ? head : `${head}. ${detail.fix}`).replace(/\s*\n\s*/g, ' ');
}

export const bug = (code: string, message: string, detail?: ErrorDetail): QuantmcuError =>
  new QuantmcuError('bug', code, message, detail);
export const limit = (code: string, message: string, detail?: ErrorDetail): QuantmcuError =>
  new QuantmcuError('limit', code, message, detail);
export const unsupported = (code: string, message: string, detail?: ErrorDetail): QuantmcuError =>
  new QuantmcuError('unsupported', code, message, detail);
export const badInput = (code: string, message: string, detail?: ErrorDetail): QuantmcuError =>
  new QuantmcuError('input', code, message, detail);

/** Throws a `bug` error unless `condition` holds; for invariants that our own code must keep. */
export function invariant(condition: boolean, code: string, message: string): asserts condition {
  if (!condition) throw bug(code, message);
}

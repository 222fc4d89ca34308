/** One line of progress on a terminal for what takes longer than two seconds; nothing anywhere else. */
import type { Environment } from './environment.js';

const SHOW_AFTER_MS = 2000;
const REFRESH_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';

export interface Progress {
  /** `done` of `total`; shows at most ten times a second. */
  update(what: string, done?: number, total?: number): void;
  /** Removes the line. */
  end(): void;
}

export function startProgress(environment: Environment): Progress {
  if (!environment.isErrorTerminal) return { update: () => {}, end: () => {} };
  const start = environment.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    update(what, done, total) {
      const now = environment.now();
      if (now - start < SHOW_AFTER_MS || now - shownAt < REFRESH_MS) return;
      shownAt = now;
      const count = done === undefined || total === undefined ? '' : ` ${done}/${total}`;
      environment.writeError(`${CLEAR_LINE}${environment.errorStyle('dim', `${what}${count} …`)}`);
    },
    end() {
      if (shownAt > Number.NEGATIVE_INFINITY) environment.writeError(CLEAR_LINE);
    },
  };
}

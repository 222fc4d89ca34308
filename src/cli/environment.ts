/** What a command is given instead of `process`: the host, two output streams, colour, time and Ctrl-C. */
import type { Style } from '../report/style.js';
import type { Host } from '../support/host.js';

export interface Environment {
  readonly host: Host;
  /** Results. */
  readonly write: (text: string) => void;
  /** Progress, warnings and errors. */
  readonly writeError: (text: string) => void;
  /** Colour for results: plain unless standard output is a terminal. */
  readonly style: Style;
  readonly errorStyle: Style;
  /** Progress lines are shown only when standard error is a terminal. */
  readonly isErrorTerminal: boolean;
  /** Processor cores that threads may use. */
  readonly cores: number;
  /** Milliseconds from some start. */
  readonly now: () => number;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Runs work that holds up the event loop, so that no handler of Ctrl-C could run: it then ends the process at once. */
  readonly runBlocking: <T>(action: () => T) => T;
  /** Show stack traces (QUANTMCU_DEBUG=1). */
  readonly debug: boolean;
}

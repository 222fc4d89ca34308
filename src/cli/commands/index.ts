/** THE list of commands: a new one is a file here and a line below. */
import type { CliCommand } from '../cli-command.js';
import { bench } from './bench.js';
import { classify } from './classify.js';
import { codegen } from './codegen.js';
import { compare } from './compare.js';
import { deploy } from './deploy.js';
import { emulate } from './emulate.js';
import { inspect } from './inspect.js';
import { pareto } from './pareto.js';
import { plan } from './plan.js';
import { quantize } from './quantize.js';
import { regress } from './regress.js';
import { search } from './search.js';
import { simulate } from './simulate.js';
import { targets } from './targets.js';
import { tune } from './tune.js';
import { verify } from './verify.js';

export const COMMANDS: readonly CliCommand[] = [
  inspect,
  quantize,
  plan,
  classify,
  search,
  tune,
  pareto,
  deploy,
  simulate,
  compare,
  codegen,
  verify,
  emulate,
  bench,
  regress,
  targets,
];

/** HiGHS compiled to WebAssembly as the solver of integer programs; loaded when it is first asked for. */
import type { IntegerSolver } from '../search/integer-program.js';

/** Relative gap at which a solution is good enough. */
const GAP = 1e-4;

export async function loadIntegerSolver(): Promise<IntegerSolver> {
  // Its types are written for CommonJS, where the loader is one level deeper.
  const { default: module } = await import('highs');
  const load = module as unknown as typeof module.default;
  const highs = await load();
  return (program) => {
    const solution = highs.solve(program, { output_flag: false, mip_rel_gap: GAP, random_seed: 1 });
    if (solution.Status !== 'Optimal') return undefined;
    return new Map(Object.entries(solution.Columns).map(([name, column]) => [name, column.Primal ?? 0]));
  };
}

/** `quantmcu inspect`: operators, shapes, MACs, quantisation, and what is unsupported and why. */
import type { DeployPlan } from '../../ir/deploy-plan.js';
import type { ImportedMode } from '../../numeric/requantize.js';
import { isPlanPath, lowerModel, planModel, readModel, storePlan } from '../../pipeline.js';
import { formatInspect, type InspectReport, inspectGraph, inspectPlan } from '../../report/inspect-report.js';
import { formatJson } from '../../report/json.js';
import { EXIT_CODES, QuantmcuError } from '../../support/errors.js';
import type { Host } from '../../support/host.js';
import { defineCommand, dimensionOption, jsonOption, MODEL_ARGUMENT, modeOption } from '../cli-command.js';
import { carryRecipe } from '../find-recipe.js';

interface InspectOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly mode?: ImportedMode;
  readonly savePlan?: string;
  readonly json?: boolean;
}

async function inspectModel(host: Host, path: string, options: InspectOptions): Promise<InspectReport> {
  if (isPlanPath(path)) return inspectPlan((await planModel(host, path, options)).plan, 'plan');
  const graph = await readModel(host, path, options);
  let plan: DeployPlan;
  try {
    plan = lowerModel(graph, options);
  } catch (error) {
    // A float network, say: what was read is still worth showing.
    if (!(error instanceof QuantmcuError) || error.kind === 'bug') throw error;
    return inspectGraph(graph, [error.message]);
  }
  if (options.savePlan !== undefined) {
    await storePlan(host, plan, options.savePlan);
    await carryRecipe(host, path, options.savePlan);
  }
  return inspectPlan(plan, graph.source.format);
}

export const inspect = defineCommand<InspectOptions>({
  name: 'inspect',
  summary: 'operators, shapes, MACs, quantisation, and what is unsupported and why',
  examples: [
    ['quantmcu inspect model.tflite', 'one row per layer'],
    ['quantmcu inspect model.tflite --json', 'the same as data'],
    ['quantmcu inspect model.tflite --save-plan out/net', 'stores out/net.plan.json and out/net.plan.bin'],
  ],
  configure: (command) => {
    command
      .argument(...MODEL_ARGUMENT)
      .addOption(modeOption())
      .addOption(dimensionOption())
      .option('--save-plan <base>', 'store the plan: every command takes it in place of the model')
      .addOption(jsonOption());
  },
  async run([model], options, { host, write, style }) {
    const report = await inspectModel(host, model!, options);
    write(options.json === true ? formatJson(report) : `${formatInspect(report, style)}\n`);
    return report.unsupported.length === 0 ? EXIT_CODES.success : EXIT_CODES.unsupported;
  },
});

/** `quantmcu codegen`: a C project for a board that builds as it stands, with CMake and Make. */
import type { ImportedMode } from '../../numeric/requantize.js';
import { generateProject, planModel } from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { formatPairs } from '../../report/table.js';
import { formatBytes } from '../../report/units.js';
import { EXIT_CODES } from '../../support/errors.js';
import { defineCommand, dimensionOption, jsonOption, MODEL_ARGUMENT, modeOption } from '../cli-command.js';
import { boardOption, findTarget, targetOption } from '../find-board.js';
import { writeTree } from '../output-directory.js';

interface CodegenOptions {
  readonly dim?: Readonly<Record<string, number>>;
  readonly target?: string;
  readonly board?: string;
  readonly output: string;
  readonly mode?: ImportedMode;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const codegen = defineCommand<CodegenOptions>({
  name: 'codegen',
  summary: 'a C project for a board that builds as it stands, with CMake or Make',
  examples: [
    ['quantmcu codegen model.tflite --target l4r5zi -o firmware/', 'then: make -C firmware'],
    ['quantmcu codegen model.tflite --board mine.json -o firmware/', 'for a board of your own'],
  ],
  configure: (command) => {
    command
      .argument(...MODEL_ARGUMENT)
      .addOption(targetOption())
      .addOption(boardOption())
      .requiredOption('-o, --output <folder>', 'where to; a folder that quantmcu wrote before is replaced')
      .option('--force', 'write into a folder with other files, and keep them')
      .addOption(modeOption())
      .addOption(dimensionOption())
      .addOption(jsonOption());
  },
  async run([model], options, { host, write, style }) {
    const board = await findTarget(host, options);
    const { plan } = await planModel(host, model!, options);
    const { bound, files } = generateProject(plan, board);
    await writeTree(host, options.output, files, { force: options.force === true });
    const report = {
      target: board.id,
      mode: plan.requantization,
      folder: options.output,
      files: [...files.keys()],
      arenaBytes: bound.arenaBytes,
      constantBytes: bound.constants.length,
    };
    const [folder, build] = [quoted(options.output), quoted(`${options.output.replace(/\/+$/, '')}/build`)];
    const text = formatPairs(
      [
        ['wrote', `${style('bold', options.output)}: ${report.files.length} files for ${board.name}`],
        ['arena', formatBytes(report.arenaBytes)],
        ['constants', formatBytes(report.constantBytes)],
        ['build', `make -C ${folder}, or cmake -S ${folder} -B ${build} && cmake --build ${build}`],
      ],
      style,
    );
    write(options.json === true ? formatJson(report) : `${text}\n`);
    return EXIT_CODES.success;
  },
});

/** As one word of a shell. */
const quoted = (path: string): string =>
  /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

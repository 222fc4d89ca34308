/** `quantmcu targets`: boards and cores known. */
import { formatJson } from '../../report/json.js';
import { formatTargets } from '../../report/targets-report.js';
import { EXIT_CODES } from '../../support/errors.js';
import { CORES } from '../../targets/index.js';
import { defineCommand, jsonOption } from '../cli-command.js';
import { boardOption, listBoards } from '../find-board.js';

interface TargetsOptions {
  readonly board?: string;
  readonly json?: boolean;
}

export const targets = defineCommand<TargetsOptions>({
  name: 'targets',
  summary: 'boards and cores known',
  examples: [
    ['quantmcu targets', 'clock, SRAM and flash of each board'],
    ['quantmcu targets --board mine.json', 'the list with a board of your own'],
  ],
  configure: (command) => {
    command.addOption(boardOption()).addOption(jsonOption());
  },
  async run(_args, options, { host, write, style }) {
    const report = { boards: await listBoards(host, options), cores: Object.values(CORES) };
    write(options.json === true ? formatJson(report) : `${formatTargets(report, style)}\n`);
    return EXIT_CODES.success;
  },
});

/**
 * The self-check of a generated project: network.c reports each step, main.c fills in a known input, and the places of
 * all feature maps stand in a table. The log's format is drawn in firmware-templates/self_check/self_check.h; what
 * reads it is src/compare/board-log.ts.
 */
import type { BoundPlan } from '../ir/bound-plan.js';
import type { PlanTensor } from '../ir/deploy-plan.js';
import { PLANE_GROUP, type PlanesLayout, planeGroupBytes, planePitch } from '../ir/planes-layout.js';
import { elementCount, streamedInput, tensorBytes, tensorOf } from '../ops/plan-access.js';
import { badInput } from '../support/errors.js';
import type { Board } from '../targets/target.js';
import { commentText, stringLiteral, wrap } from './c-text.js';
import { type FirmwareTemplates, fillTemplate, templateText } from './templates.js';

/** What the firmware computes on: the bytes of a seed, as `verify --seed` has them, or given ones in flash. */
export type SelfCheckInput =
  | { readonly kind: 'seed'; readonly seed: number }
  /** Stored bytes per network input; `source` is what comments call them. */
  | { readonly kind: 'bytes'; readonly inputs: readonly Uint8Array[]; readonly source: string };

export const SELF_CHECK_INCLUDE = '#include "self_check.h"';

/** main.c and the files of `folder` that a self-check adds. */
export function emitSelfCheck(
  bound: BoundPlan,
  board: Board,
  input: SelfCheckInput,
  templates: FirmwareTemplates,
  folder: string,
): Map<string, string> {
  const { plan } = bound;
  requireSizes(bound, input);
  const source = input.kind === 'seed' ? `the pseudo-random bytes of seed ${input.seed}` : input.source;
  const about = [
    ...['version=1', `layers=${plan.steps.length}`, `mode=${plan.requantization}`],
    ...[`core=${board.core}`, `board=${board.id.replace(/\s/g, '_')}`, `model=${plan.name}`],
  ].join(' ');
  const checkOutputs = plan.outputs.map(
    ({ tensor }, i) =>
      `  quantmcu_check_output(${i}, quantmcu_output(${i}), ${tensorBytes(tensorOf(plan, tensor))}u);`,
  );
  return new Map([
    [
      'main.c',
      fillTemplate(templates, 'runtime/self_check_main.c.tmpl', {
        inputSource: commentText(source),
        inputFunctions: plan.inputs.map((_, i) => inputFunction(bound, input, i)).join('\n'),
        about: stringLiteral(about),
        fillInputs: plan.inputs.map((_, i) => fillInput(bound, i)).join('\n'),
        checkOutputs: checkOutputs.join('\n'),
      }),
    ],
    [`${folder}/self_check.h`, templateText(templates, 'self_check/self_check.h')],
    [`${folder}/self_check.c`, templateText(templates, 'self_check/self_check.c')],
    [
      `${folder}/self_check_maps.c`,
      fillTemplate(templates, 'runtime/self_check_maps.c.tmpl', { maps: mapTable(bound) }),
    ],
  ]);
}

function requireSizes({ plan }: BoundPlan, input: SelfCheckInput): void {
  if (input.kind === 'seed') return;
  plan.inputs.forEach(({ tensor, name }, i) => {
    const expected = tensorBytes(tensorOf(plan, tensor));
    const found = input.inputs[i]?.length;
    if (found === expected) return;
    throw badInput('codegen/self-check-input', 'an input of the self-check has the wrong size', {
      ...{ where: name, found: `${found ?? 'no'} bytes`, expected: `${expected} bytes` },
    });
  });
}

/** Inputs of a seed follow one another in one sequence. */
const firstElement = ({ plan }: BoundPlan, index: number): number =>
  plan.inputs.slice(0, index).reduce((sum, { tensor }) => sum + elementCount(tensorOf(plan, tensor)), 0);

/** `input_byte_0(i)`, and for a streamed input the function that the network calls for its pieces. */
function inputFunction(bound: BoundPlan, input: SelfCheckInput, index: number): string {
  const { plan } = bound;
  const { tensor } = plan.inputs[index]!;
  const head = `static uint8_t input_byte_${index}(uint32_t i)`;
  const lines =
    input.kind === 'seed'
      ? [`${head} { return quantmcu_random_byte(${input.seed >>> 0}u, ${firstElement(bound, index)}u + i); }`]
      : [
          `static const uint8_t input_${index}[] = {`,
          wrap(Array.from(input.inputs[index]!, String)),
          '};',
          `${head} { return input_${index}[i]; }`,
        ];
  if (streamedInput(plan) !== tensor) return `${lines.join('\n')}\n`;
  return [
    ...lines,
    '',
    'void quantmcu_read_input(uint32_t y, uint32_t x, uint32_t height, uint32_t width, void *to) {',
    '  const uint32_t pixel = QUANTMCU_INPUT_0_CHANNELS, row = QUANTMCU_INPUT_0_WIDTH * pixel;',
    '  uint8_t *out = (uint8_t *)to;',
    '  for (uint32_t end = y + height; y < end; y++)',
    '    for (uint32_t i = 0; i < width * pixel; i++) *out++ = input_byte_0(y * row + x * pixel + i);',
    '}',
    '',
  ].join('\n');
}

/** Writes an input into the arena, where it has a place there, and reports its CRC. */
function fillInput({ plan }: BoundPlan, index: number): string {
  const { tensor } = plan.inputs[index]!;
  const bytes = tensorBytes(tensorOf(plan, tensor));
  const check = `quantmcu_check_input(${index}, ${bytes}u, crc);`;
  const store =
    streamedInput(plan) === tensor ? '' : `  ((uint8_t *)quantmcu_input(${index}))[i] = byte;\n    `;
  return [
    '  {',
    '    uint32_t crc = 0;',
    `    for (uint32_t i = 0; i < ${bytes}u; i++) {`,
    `      const uint8_t byte = input_byte_${index}(i);`,
    `    ${store}  crc = quantmcu_crc32(crc, &byte, 1);`,
    '    }',
    '#if QUANTMCU_SELF_CHECK',
    `    ${check}`,
    '#endif',
    '  }',
  ].join('\n');
}

/** A row per step; a map that is not placed has no rows. */
function mapTable({ plan, tensors }: BoundPlan): string {
  const placed = new Map(tensors.map((place) => [place.tensor, place]));
  return plan.steps
    .map(({ output }) => {
      const place = placed.get(output);
      if (place === undefined) return row([]);
      if (place.layout !== undefined)
        return row(planesRow(tensorOf(plan, output), place.offset, place.layout));
      const [rows] = tensorOf(plan, output).shape;
      const rowBytes = place.bytes / rows;
      return row([place.offset, rows, rowBytes, place.rowPitch ?? rowBytes]);
    })
    .join('\n');
}

const MAP_FIELDS = 8;
const row = (fields: readonly number[]): string =>
  `    {${Array.from({ length: MAP_FIELDS }, (_, i) => fields[i] ?? 0).join(', ')}},`;

function planesRow({ shape, bits }: PlanTensor, offset: number, layout: PlanesLayout): readonly number[] {
  const [height, width, channels] = shape;
  const pitch = planePitch(layout);
  const first = offset + PLANE_GROUP * pitch * layout.top + 2 * layout.left;
  return [first, height, 0, pitch, planeGroupBytes(layout), width, channels, bits];
}

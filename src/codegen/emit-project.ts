/**
 * The stage codegen: BoundPlan → a complete C project for a board that builds as it stands with Make or CMake.
 * Pure: the same plan and options give the same bytes.
 */
import type { BoundPlan } from '../ir/bound-plan.js';
import type { PlanPort } from '../ir/deploy-plan.js';
import { DEFAULT_PREFIX, STREAMED_INPUT_ADDRESS } from '../ir/step-functions.js';
import type { FirmwareMode } from '../numeric/requantize.js';
import { streamedInput } from '../ops/plan-access.js';
import { COMPILE_FLAGS, GCC_ONLY_FLAGS, LINK_FLAGS } from '../targets/build-flags.js';
import { coreOf } from '../targets/cores.js';
import type { Board } from '../targets/target.js';
import { commentText } from './c-text.js';
import { emitKernels } from './emit-kernels.js';
import { emitNetwork, kernelInstances, NETWORK_FOLDER, REQUANT_MACROS } from './emit-network.js';
import { emitSelfCheck, type SelfCheckInput } from './emit-self-check.js';
import {
  type FirmwareTemplates,
  fillTemplate,
  loadFirmwareTemplates,
  packageVersion,
  templateText,
} from './templates.js';

export const DEFAULT_STACK_BYTES = 4096;

export interface ProjectOptions {
  /** Bytes reserved for the stack, between `__stack_limit` and `__stack_top`. Default 4096. */
  readonly stackBytes?: number;
  /** Version that the README states. Default: this package's. */
  readonly version?: string;
  /** A project that prints a CRC of every feature map, and what it computes them of. */
  readonly selfCheck?: SelfCheckInput;
  readonly templates?: FirmwareTemplates;
}

export type ProjectFiles = ReadonlyMap<string, string>;

/** Every file of the project by its path, `/`-separated, sorted. */
export function emitProject(bound: BoundPlan, board: Board, options: ProjectOptions = {}): ProjectFiles {
  const templates = options.templates ?? loadFirmwareTemplates();
  const files = new Map<string, string>([
    ...emitNetwork(bound, templates, DEFAULT_PREFIX, options.selfCheck !== undefined),
    ...emitKernels(kernelInstances(bound), bound.plan.requantization as FirmwareMode, templates),
    ...emitPlatform(board, options.stackBytes ?? DEFAULT_STACK_BYTES, templates),
    [`${NETWORK_FOLDER}/config.h`, emitConfig(bound, templates)],
    [
      'main.c',
      fillTemplate(templates, 'runtime/main.c.tmpl', {
        ...inputExample(bound),
        outputShape: portShapes(bound, bound.plan.outputs),
      }),
    ],
    ['README.md', emitReadme(bound, board, templates, options)],
    ...(options.selfCheck === undefined
      ? []
      : emitSelfCheck(bound, board, options.selfCheck, templates, NETWORK_FOLDER)),
  ]);
  for (const [path, text] of emitBuildFiles(files, board, templates)) files.set(path, text);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The files to compile or assemble: everything but kernel bodies, which instances include. */
export const projectSources = (files: ProjectFiles): readonly string[] =>
  [...files.keys()]
    .filter((path) => /\.[cS]$/.test(path) && !path.startsWith(`${NETWORK_FOLDER}/kernels/`))
    .sort();

/** config.h of a build in the plan's requantisation mode. */
export const emitConfig = (bound: BoundPlan, templates: FirmwareTemplates): string =>
  fillTemplate(templates, 'runtime/config.h.tmpl', {
    // bind refuses modes that firmware does not compute.
    requantMacro: REQUANT_MACROS[bound.plan.requantization as FirmwareMode],
  });

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** Start-up code, memory functions and the board's linker script. */
export function emitPlatform(
  board: Board,
  stackBytes: number,
  templates: FirmwareTemplates,
): Map<string, string> {
  return new Map([
    ['platform/startup.c', templateText(templates, 'platform/startup.c')],
    ['platform/memory.c', templateText(templates, 'platform/memory.c')],
    [
      'platform/linker.ld',
      fillTemplate(templates, 'platform/linker.ld.tmpl', {
        boardName: commentText(board.name),
        flashOrigin: hex(board.flash.origin),
        flashBytes: board.flash.bytes,
        sramOrigin: hex(board.sram.origin),
        sramBytes: board.sram.bytes,
        stackBytes,
      }),
    ],
  ]);
}

/** How the example application feeds the network. */
function inputExample(bound: BoundPlan): { readInput: string; fillInput: string } {
  const { plan } = bound;
  const streamed = streamedInput(plan);
  if (streamed === undefined) {
    const fillInput = `  /*
   * Fill the input here, for example from a camera:
   *   int8_t *input = quantmcu_input(0);   // ${portShapes(bound, plan.inputs)}, channel-fastest
   */
`;
    return { readInput: '', fillInput };
  }
  const readInput = `/*
 * The input is streamed. Here it stands in external memory (an SPI flash in memory-mapped mode, a frame buffer);
 * a camera driver would wait for its rows instead.
 */
#define IMAGE ((const int8_t *)${hex(STREAMED_INPUT_ADDRESS)}u)

void quantmcu_read_input(uint32_t y, uint32_t x, uint32_t height, uint32_t width, void *to) {
  const uint32_t pixel = QUANTMCU_INPUT_0_CHANNELS, row = QUANTMCU_INPUT_0_WIDTH * pixel;
  int8_t *out = (int8_t *)to;
  for (uint32_t end = y + height; y < end; y++) {
    const int8_t *in = IMAGE + y * row + x * pixel;
    for (uint32_t i = 0; i < width * pixel; i++) *out++ = in[i];
  }
}

`;
  return { readInput, fillInput: '' };
}

function portShapes(bound: BoundPlan, ports: readonly PlanPort[]): string {
  const shapes = ports.map((port) => bound.plan.tensors[port.tensor]!.shape.join(' x '));
  return shapes.join(', ');
}

function emitReadme(
  bound: BoundPlan,
  board: Board,
  templates: FirmwareTemplates,
  { version = packageVersion(), selfCheck }: ProjectOptions,
): string {
  const text = fillTemplate(templates, 'runtime/README.md.tmpl', {
    networkName: bound.plan.name,
    boardName: board.name,
    version,
    mode: bound.plan.requantization,
    arenaBytes: bound.arenaBytes,
    scratchBytes: bound.scratchBytes,
    constantBytes: bound.constants.length,
  });
  return selfCheck === undefined ? text : `${text}\n${templateText(templates, 'self_check/README.md')}`;
}

function emitBuildFiles(
  files: ReadonlyMap<string, string>,
  board: Board,
  templates: FirmwareTemplates,
): Map<string, string> {
  const core = coreOf(board.core);
  const sources = projectSources(files);
  const isLibrary = (path: string): boolean => path.startsWith(`${NETWORK_FOLDER}/`);
  const lines = (paths: readonly string[]): string => paths.map((path) => `  ${path}`).join('\n');
  const gccFlags = core.flags.gcc.join(' ');
  const compileFlags = [...COMPILE_FLAGS, ...GCC_ONLY_FLAGS].join(' ');
  const linkFlags = LINK_FLAGS.join(' ');
  return new Map([
    [
      'Makefile',
      fillTemplate(templates, 'build/Makefile.tmpl', {
        gccFlags,
        compileFlags,
        linkFlags,
        sources: sources.map((path) => `  ${path}`).join(' \\\n'),
      }),
    ],
    [
      'CMakeLists.txt',
      fillTemplate(templates, 'build/CMakeLists.txt.tmpl', {
        compileFlags,
        linkFlags,
        librarySources: lines(sources.filter(isLibrary)),
        applicationSources: lines(sources.filter((path) => !isLibrary(path))),
      }),
    ],
    [
      'cmake/arm-none-eabi.cmake',
      fillTemplate(templates, 'build/arm-none-eabi.cmake.tmpl', { gccFlags, coreName: core.name }),
    ],
  ]);
}

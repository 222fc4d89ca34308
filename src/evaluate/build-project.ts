/** DeployPlan × board → firmware: bind, generate, compile; on a virtual board where the real one is too small. */
import { bind } from '../bind/bind.js';
import type { KernelPreference } from '../bind/variants/choose.js';
import { DEFAULT_STACK_BYTES, emitProject, type ProjectFiles } from '../codegen/emit-project.js';
import type { SelfCheckInput } from '../codegen/emit-self-check.js';
import { buildFirmware } from '../compile/build.js';
import { findToolchain } from '../compile/toolchain.js';
import type { BoundPlan } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { QuantmcuError } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { type Board, coreOf, virtualBoard } from '../targets/index.js';

export interface GeneratedProject {
  readonly bound: BoundPlan;
  readonly files: ProjectFiles;
}

export interface BuiltFirmware extends GeneratedProject {
  /** The board it is linked for: with more memory than the real one when it does not fit. */
  readonly board: Board;
  readonly isVirtual: boolean;
  readonly elf: Uint8Array;
  /** Compiler with its version. */
  readonly toolchain: string;
  readonly generateMs: number;
  readonly compileMs: number;
}

export interface BuildProjectOptions extends GenerateOptions {
  /** `gcc` or `zig`; default: gcc where there is one. */
  readonly toolchain?: string;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Room beside arena and constants on a virtual board: code, stack, variables. */
const VIRTUAL_SPARE = { flashBytes: 512 * 1024, sramBytes: 64 * 1024 } as const;

const bindTo = (plan: DeployPlan, board: Board, preference: KernelPreference): BoundPlan =>
  bind(plan, { core: board.core, feature: coreOf(board.core).feature }, preference);

/** Kernels are forced or measured step by step where the rule of `bind` is not to choose. */
export interface GenerateOptions extends KernelPreference {
  /** Print a CRC of every feature map, computed of this input. */
  readonly selfCheck?: SelfCheckInput;
}

export function generateProject(
  plan: DeployPlan,
  board: Board,
  options: GenerateOptions = {},
): GeneratedProject {
  const { selfCheck } = options;
  const bound = bindTo(plan, board, options);
  return { bound, files: emitProject(bound, board, selfCheck === undefined ? {} : { selfCheck }) };
}

export async function buildProject(
  host: Host,
  plan: DeployPlan,
  board: Board,
  options: BuildProjectOptions,
): Promise<BuiltFirmware> {
  const { now } = options;
  const toolchain = await findToolchain(host, options.toolchain);
  const core = coreOf(board.core);
  const build = async (onBoard: Board, isVirtual: boolean): Promise<BuiltFirmware> => {
    const start = now();
    const project = generateProject(plan, onBoard, options);
    const generated = now();
    const { elf } = await buildFirmware(host, project.files, { core, toolchain });
    const times = { generateMs: generated - start, compileMs: now() - generated };
    return { ...project, board: onBoard, isVirtual, elf, toolchain: toolchain.version, ...times };
  };
  if (cannotFit(plan, board, options)) return build(enlarged(plan, board, options), true);
  try {
    return await build(board, false);
  } catch (error) {
    if (!(error instanceof QuantmcuError) || error.code !== 'compile/too-large') throw error;
    return build(enlarged(plan, board, options), true);
  }
}

/** True when arena and stack, or the constants alone, already exceed the board: no need to ask the linker. */
function cannotFit(plan: DeployPlan, board: Board, options: GenerateOptions): boolean {
  const bound = bindTo(plan, board, options);
  const sramBytes = bound.arenaBytes + DEFAULT_STACK_BYTES;
  return sramBytes > board.sram.bytes || bound.constants.length > board.flash.bytes;
}

function enlarged(plan: DeployPlan, board: Board, options: GenerateOptions): Board {
  const bound = bindTo(plan, board, options);
  return virtualBoard(board, {
    flashBytes: bound.constants.length + VIRTUAL_SPARE.flashBytes,
    sramBytes: bound.arenaBytes + VIRTUAL_SPARE.sramBytes,
  });
}

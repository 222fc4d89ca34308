/**
 * Every kernel of the firmware with every pair of widths that it serves: THE list of what parity runs must meet. The
 * pairs stand here a second time on purpose: test/parity/variants.test.ts compares them with what variants take.
 */
import { PORTABLE } from '../../src/bind/variants/chosen-kernel.js';
import { KERNEL_VARIANTS, LINKED_VARIANTS } from '../../src/bind/variants/index.js';
import type { AnyKernelVariant, LinkedVariants } from '../../src/bind/variants/variant.js';
import type { StepOp } from '../../src/ir/deploy-plan.js';
import { FIRMWARE_MODES, type FirmwareMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import { STEP_OP_LIST } from '../../src/ops/index.js';

export interface KernelRow {
  readonly op: StepOp;
  /** A variant's name, or PORTABLE. */
  readonly name: string;
  readonly variant?: AnyKernelVariant;
  /** With the kernel of the step before, which writes what this one reads; that one's pairs take turns. */
  readonly link?: LinkedVariants;
  readonly inputBits: Width;
  /** Of operators without weights: 8, and no part of the pair's name. */
  readonly weightBits: Width;
  /** a4w2, or a4 for an operator without weights. */
  readonly pair: string;
  readonly modes: readonly FirmwareMode[];
}

const WEIGHTED: readonly StepOp[] = ['conv2d', 'depthwise_conv2d', 'fully_connected'];

/** Width combinations that an operator has kernels for. */
export function widthRequests(op: StepOp): { inputBits: Width; weightBits: Width }[] {
  const weightWidths = WEIGHTED.includes(op) ? WIDTH_LIST : ([8] as const);
  return WIDTH_LIST.flatMap((inputBits) => weightWidths.map((weightBits) => ({ inputBits, weightBits })));
}

const ALL_PAIRS = WIDTH_LIST.flatMap((a) => WIDTH_LIST.map((w) => `a${a}w${w}`)).join(' ');
const PIXEL_LANES = 'a4w4 a4w2 a2w8 a2w4 a2w2';
const CHANNEL_PAIRS = 'a8w2 a2w2';
/** Widened inputs against weights of 8 bits, and bytes against nibbles. */
const WIDENED = 'a8w8 a8w4 a4w8 a2w8';
const MULHI: readonly FirmwareMode[] = ['mulhi'];

/** Pairs and modes by operator and variant. */
export const VARIANT_PAIRS: Readonly<Record<string, readonly [string, readonly FirmwareMode[]]>> = {
  'conv2d pairs': [CHANNEL_PAIRS, MULHI],
  'conv2d lanes': [PIXEL_LANES, MULHI],
  'conv2d pairs1': [CHANNEL_PAIRS, MULHI],
  'conv2d lanes1': [PIXEL_LANES, MULHI],
  'conv2d rows': [WIDENED, FIRMWARE_MODES],
  'conv2d strips': [WIDENED, FIRMWARE_MODES],
  'conv2d columns': [WIDENED, FIRMWARE_MODES],
  'fully_connected columns': ['a8w8 a4w8 a2w8', FIRMWARE_MODES],
  'fully_connected pairs1': [CHANNEL_PAIRS, MULHI],
  'fully_connected lanes1': [PIXEL_LANES, MULHI],
  'depthwise_conv2d rowpairs': ['a4w8 a4w4 a4w2 a2w8 a2w4 a2w2', MULHI],
  'depthwise_conv2d planes': [ALL_PAIRS, FIRMWARE_MODES],
  'depthwise_conv2d planes6': [ALL_PAIRS, FIRMWARE_MODES],
  'depthwise_conv2d planes2': [ALL_PAIRS, FIRMWARE_MODES],
  'add words': ['a8 a4 a2', FIRMWARE_MODES],
};

const pairName = (op: StepOp, a: Width, w: Width): string => (WEIGHTED.includes(op) ? `a${a}w${w}` : `a${a}`);

function variantRows(variant: AnyKernelVariant): KernelRow[] {
  const { op, name } = variant;
  const [pairs, modes] = VARIANT_PAIRS[`${op} ${name}`] ?? ['', []];
  return widthRequests(op)
    .map((widths) => ({ op, name, variant, ...widths, modes }))
    .map((row) => ({ ...row, pair: pairName(op, row.inputBits, row.weightBits) }))
    .filter(({ pair }) => pairs.split(' ').includes(pair));
}

const portableRows = (op: StepOp): KernelRow[] =>
  widthRequests(op).map(({ inputBits, weightBits }) => ({
    ...{ op, name: PORTABLE, inputBits, weightBits, modes: FIRMWARE_MODES },
    pair: pairName(op, inputBits, weightBits),
  }));

/** The reader's pairs of widths; the step before has those of WRITER_PAIRS in turn. */
export const LINKED_ROWS: readonly KernelRow[] = LINKED_VARIANTS.flatMap((link) =>
  widthRequests(link.reader.op).map((widths) => ({
    ...{ op: link.reader.op, name: link.reader.name, variant: link.reader, link, ...widths },
    ...{ pair: pairName(link.reader.op, widths.inputBits, widths.weightBits), modes: FIRMWARE_MODES },
  })),
);

/** Pairs of the convolution that writes planes. */
export const WRITER_PAIRS: readonly (readonly [inputBits: Width, weightBits: Width])[] = [
  ...([
    [8, 8],
    [8, 4],
    [4, 8],
    [2, 8],
  ] as const),
];

/** What sets channels among constant ones, behind every kernel of convolutions and matrix products; by the output's width. */
export const SPREAD_ROWS: readonly KernelRow[] = WIDTH_LIST.map((inputBits) => ({
  ...{ op: 'conv2d' as const, name: 'spread', inputBits, weightBits: 8 as const },
  ...{ pair: `a${inputBits}`, modes: FIRMWARE_MODES },
}));

/** Variants as their list has them, then the portable kernels. */
export const VARIANT_ROWS: readonly KernelRow[] = KERNEL_VARIANTS.flatMap(variantRows);
export const KERNEL_ROWS: readonly KernelRow[] = [
  ...VARIANT_ROWS,
  ...SPREAD_ROWS,
  ...LINKED_ROWS,
  ...STEP_OP_LIST.flatMap(portableRows),
];

export const kernelTitle = ({ op, name, link }: KernelRow): string =>
  link === undefined ? `${op} ${name}` : `${op} ${name} behind ${link.writer.op} ${link.writer.name}`;

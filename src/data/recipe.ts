/**
 * Recipes: how a picture or tensor file becomes the network's input, where the model file does not say it.
 *
 * Order of work: decode → crop → resize to the network's size → channel order → value mapping → quantise.
 * A recipe is a small JSON object, found beside the model as `<model>.recipe.json` or given with `--recipe`.
 */
import type { YoloPostProcess } from '../ir/detection.js';
import { badInput } from '../support/errors.js';
import { readDetection } from './detection-recipe.js';

/** `network`: the centre square of max(0.875 · shorter side, network's size when the picture has it). */
export type Crop = 'none' | 'network' | { readonly size: number } | { readonly fraction: number };
/** As in sharp: `fill` stretches, `cover` cuts what overhangs, `contain` adds black bars. */
export type ResizeFit = 'fill' | 'cover' | 'contain';
export type ChannelOrder = 'rgb' | 'bgr';
export type RawType = 'int8' | 'uint8' | 'float32';

export interface Recipe {
  readonly crop: Crop;
  readonly resize: ResizeFit;
  readonly channels: ChannelOrder;
  /** real = (x · scale − mean) / std, x being 0…255; absent: the network's own convention. */
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Added to every label: 1 for networks with a background class. */
  readonly labelOffset: number;
  /** Element type of .bin and .dat files; absent: by length and suffix (src/data/tensor.ts). */
  readonly rawType?: RawType;
  /** How a detector's outputs become boxes, where the model file does not say it. */
  readonly detection?: YoloPostProcess;
  /** Label of the data set per class of a detector, −1 for none; absent: the same number. */
  readonly detectionLabels?: readonly number[];
}

/** Anchors of YOLOv3 (Redmon and Farhadi 2018), in pixels of the network's input. */
const YOLO_V3: YoloPostProcess = {
  kind: 'yolo',
  heads: [
    {
      stride: 32,
      anchors: [
        [116, 90],
        [156, 198],
        [373, 326],
      ],
    },
    {
      stride: 16,
      anchors: [
        [30, 61],
        [62, 45],
        [59, 119],
      ],
    },
    {
      stride: 8,
      anchors: [
        [10, 13],
        [16, 30],
        [33, 23],
      ],
    },
  ],
  scoreThreshold: 0.01,
  iouThreshold: 0.45,
  maxDetections: 100,
};

const PLAIN: Recipe = { crop: 'none', resize: 'fill', channels: 'rgb', labelOffset: 0 };

/** THE preset list: `--preset` takes these names. */
export const PRESETS = {
  /** Whole picture stretched to the network's size: detectors, visual wake words, CIFAR-10. */
  stretch: PLAIN,
  /** ImageNet's centre crop (87.5 % of the shorter side). */
  imagenet: { ...PLAIN, crop: 'network' },
  /** The same with labels 0…999 for a network of 1001 classes (class 0: background). */
  'imagenet-background': { ...PLAIN, crop: 'network', labelOffset: 1 },
  /** Shorter side to the network's size, the rest cut off. */
  cover: { ...PLAIN, resize: 'cover' },
  /** Values as 0…1. */
  unit: { ...PLAIN, scale: 1 / 255 },
  /** Values as −1…1. */
  symmetric: { ...PLAIN, scale: 1 / 127.5, mean: [1] },
  /** Three YOLO heads of nine anchors, finest last: person detectors of MCUNet and others with YOLOv3's anchors. */
  yolov3: { ...PLAIN, scale: 1 / 127.5, mean: [1], detection: YOLO_V3 },
} as const satisfies Readonly<Record<string, Recipe>>;

export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

/** The preset for a network nobody described: by the number of its classes. */
export function defaultPreset(classes: number): PresetName {
  if (classes === 1001) return 'imagenet-background';
  return classes === 1000 ? 'imagenet' : 'stretch';
}

/** Presets that say how values are scaled and nothing else. */
const VALUE_PRESETS: readonly PresetName[] = ['unit', 'symmetric'];

/** The recipe of a preset; one that says only how values are scaled leaves the rest to the number of classes. */
export function presetFor(name: string | undefined, classes: number): Recipe {
  const usual = PRESETS[defaultPreset(classes)];
  if (name === undefined) return usual;
  const preset = presetByName(name);
  if (!VALUE_PRESETS.some((own) => own === name)) return preset;
  const { scale, mean, std } = preset;
  return {
    ...usual,
    ...(scale === undefined ? {} : { scale }),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
}

/** A recipe as the text of a file that says all of it. */
export const formatRecipe = (recipe: Recipe): string => `${JSON.stringify(recipe, null, 2)}\n`;

export function presetByName(name: string): Recipe {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name as PresetName];
  throw badInput('recipe/preset', 'unknown preset', {
    found: `"${name}"`,
    expected: PRESET_NAMES.join(', '),
  });
}

/** Reads a recipe file; missing fields come from `base`. `where` names the file in errors. */
export function parseRecipe(text: string, where: string, base: Recipe): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badInput('recipe/json', `not JSON (${(error as Error).message})`, { where });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badInput('recipe/json', 'not a JSON object', { where });
  }
  let recipe: Recipe = base;
  for (const [key, value] of Object.entries(json)) {
    const read = Object.hasOwn(FIELDS, key) ? FIELDS[key as keyof typeof FIELDS] : undefined;
    if (read === undefined) {
      throw badInput('recipe/field', `unknown field "${key}"`, {
        where,
        expected: Object.keys(FIELDS).join(', '),
      });
    }
    recipe = { ...recipe, ...read(value, `${where}, "${key}"`) };
  }
  return recipe;
}

type Reader = (value: unknown, where: string) => Partial<Recipe>;

const FIELDS = {
  preset: (value, where) => presetByName(oneOf(value, PRESET_NAMES, where)),
  crop: (value, where) => ({ crop: readCrop(value, where) }),
  resize: (value, where) => ({ resize: oneOf(value, ['fill', 'cover', 'contain'], where) }),
  channels: (value, where) => ({ channels: oneOf(value, ['rgb', 'bgr'], where) }),
  scale: (value, where) => ({ scale: readNumber(value, where) }),
  mean: (value, where) => ({ mean: readNumbers(value, where) }),
  std: (value, where) => ({ std: readStd(value, where) }),
  labelOffset: (value, where) => ({ labelOffset: readNumber(value, where) }),
  rawType: (value, where) => ({ rawType: oneOf(value, ['int8', 'uint8', 'float32'], where) }),
  detection: (value, where) => ({ detection: readDetection(value, where) }),
  detectionLabels: (value, where) => ({ detectionLabels: readNumbers(value, where) }),
} satisfies Record<string, Reader>;

function oneOf<T extends string>(value: unknown, allowed: readonly T[], where: string): T {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw badInput('recipe/value', 'unknown value', {
    where,
    found: JSON.stringify(value),
    expected: allowed.join(', '),
  });
}

function readNumber(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw badInput('recipe/value', 'wrong value', {
    where,
    found: JSON.stringify(value),
    expected: 'a number',
  });
}

function readNumbers(value: unknown, where: string): readonly number[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) {
    throw badInput('recipe/value', 'empty list', { where, expected: 'one number, or one per channel' });
  }
  return items.map((item) => readNumber(item, where));
}

function readStd(value: unknown, where: string): readonly number[] {
  const numbers = readNumbers(value, where);
  if (numbers.includes(0)) throw badInput('recipe/value', 'std must not be 0', { where });
  return numbers;
}

function readCrop(value: unknown, where: string): Crop {
  if (value === 'none' || value === 'network') return value;
  if (typeof value === 'object' && value !== null) {
    if ('size' in value) return { size: readNumber(value.size, where) };
    if ('fraction' in value) return { fraction: readNumber(value.fraction, where) };
  }
  throw badInput('recipe/value', 'unknown crop', {
    where,
    found: JSON.stringify(value),
    expected: '"none", "network", {"size": pixels} or {"fraction": share of the shorter side}',
  });
}

/**
 * Files → the real values that a float network takes, for calibration and comparison. Real value = (x · scale −
 * mean) / std of the recipe, x being a pixel of 0…255; int8 tensor files are pixels minus 128.
 */
import { IMAGE_SUFFIXES, loadImage } from '../data/image.js';
import { isNpy, parseNpy } from '../data/npy.js';
import type { RawType, Recipe } from '../data/recipe.js';
import { TENSOR_SUFFIXES } from '../data/tensor.js';
import type { FloatNetwork } from '../ir/float-network.js';
import { badInput, unsupported } from '../support/errors.js';
import { fillWith } from '../support/typed-arrays.js';

const CENTRE = 128;

/** The values of network input 0. Errors: `input`, naming the file. */
export async function readFloatInput(
  bytes: Uint8Array,
  file: string,
  network: FloatNetwork,
  recipe: Recipe,
): Promise<Float32Array> {
  const port = network.inputs[0]!;
  const { shape } = network.tensors[port.tensor]!;
  const toReal = valueMapping(network, recipe, file);
  const suffix = /\.[^./]*$/.exec(file.toLowerCase())?.[0] ?? '';
  if (IMAGE_SUFFIXES.includes(suffix)) {
    const pixels = await loadImage(bytes, file, shape, recipe);
    return fillWith(new Float32Array(pixels.length), (i) => toReal(pixels[i]!, i % shape[2]));
  }
  if (!TENSOR_SUFFIXES.includes(suffix) && !isNpy(bytes))
    throw unsupported('data/suffix', 'unknown kind of input file', {
      where: file,
      found: suffix === '' ? 'no suffix' : suffix,
      expected: [...IMAGE_SUFFIXES, ...TENSOR_SUFFIXES].join(' '),
    });
  const count = shape[0] * shape[1] * shape[2];
  const { type, values } = readTensor(bytes, file, count, recipe);
  if (values.length !== count)
    throw badInput('data/length', `does not match input "${port.name}"`, {
      where: file,
      found: `${values.length} elements`,
      expected: `${count} (${shape.join('×')})`,
    });
  if (type === 'float32') return Float32Array.from(values);
  const offset = type === 'int8' ? CENTRE : 0;
  return fillWith(new Float32Array(count), (i) => toReal(values[i]! + offset, i % shape[2]));
}

interface TensorValues {
  readonly type: RawType;
  readonly values: ArrayLike<number>;
}

function readTensor(bytes: Uint8Array, file: string, count: number, recipe: Recipe): TensorValues {
  if (isNpy(bytes)) return parseNpy(bytes, file);
  const guessed =
    bytes.length === 4 * count ? 'float32' : file.toLowerCase().endsWith('.dat') ? 'uint8' : 'int8';
  const type = recipe.rawType ?? guessed;
  if (type === 'uint8') return { type, values: bytes };
  if (type === 'int8') return { type, values: new Int8Array(bytes.slice().buffer) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Math.floor(bytes.length / 4);
  return { type, values: Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true)) };
}

/** The recipe's mapping; for networks with integer inputs what their stored values mean. */
function valueMapping(
  network: FloatNetwork,
  recipe: Recipe,
  file: string,
): (pixel: number, channel: number) => number {
  const { scale, mean, std } = recipe;
  const quantization = network.inputs[0]!.quantization;
  const at = (list: readonly number[] | undefined, channel: number, otherwise: number): number =>
    list === undefined ? otherwise : (list[channel] ?? list[0]!);
  if (scale !== undefined || mean !== undefined || std !== undefined)
    return (x, c) => (x * (scale ?? 1) - at(mean, c, 0)) / at(std, c, 1);
  if (quantization !== undefined) return (x) => quantization.scale * (x - CENTRE - quantization.zeroPoint);
  throw badInput('data/mapping', 'a float network does not say how pixels become its inputs', {
    where: file,
    expected: 'scale, mean or std in the recipe',
    fix: 'Give --preset unit (0…1) or symmetric (−1…1), or a recipe with {"scale": 1} for raw 0…255.',
  });
}

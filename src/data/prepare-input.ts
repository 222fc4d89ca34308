/** One file → the stored bytes of one network input: the entry of the data stage. */
import { unsupported } from '../support/errors.js';
import { IMAGE_SUFFIXES, loadImage } from './image.js';
import { type InputSpec, storePixels } from './input-spec.js';
import type { InputWatch } from './input-watch.js';
import { isNpy } from './npy.js';
import type { Recipe } from './recipe.js';
import { loadTensor, TENSOR_SUFFIXES } from './tensor.js';

const suffixOf = (file: string): string => /\.[^./]*$/.exec(file.toLowerCase())?.[0] ?? '';

export const isDataFile = (file: string): boolean =>
  IMAGE_SUFFIXES.includes(suffixOf(file)) || TENSOR_SUFFIXES.includes(suffixOf(file));

/** `file` decides by its suffix whether the bytes are a picture or a tensor, and names it in errors. */
export async function prepareInput(
  bytes: Uint8Array,
  file: string,
  spec: InputSpec,
  recipe: Recipe,
  watch?: InputWatch,
): Promise<Uint8Array> {
  const suffix = suffixOf(file);
  if (TENSOR_SUFFIXES.includes(suffix) || isNpy(bytes)) return loadTensor(bytes, file, spec, recipe, watch);
  if (IMAGE_SUFFIXES.includes(suffix)) {
    return storePixels(await loadImage(bytes, file, spec.shape, recipe), spec, recipe, watch);
  }
  throw unsupported('data/suffix', 'unknown kind of input file', {
    where: file,
    found: suffix === '' ? 'no suffix' : suffix,
    expected: [...IMAGE_SUFFIXES, ...TENSOR_SUFFIXES].join(' '),
  });
}

/**
 * Copies the kernel files that are used, with every header they include, and writes one small file per instance; of
 * variants with generated assembly one more.
 */
import { type KernelInstance, kernelFile } from '../ir/bound-plan.js';
import type { FirmwareMode } from '../numeric/requantize.js';
import { ASSEMBLY } from './asm/index.js';
import { NETWORK_FOLDER } from './emit-network.js';
import { type FirmwareTemplates, fillTemplate, templateText } from './templates.js';

/** What runtime/weights.h.tmpl includes, whatever the kernels need. */
const WEIGHTS_INCLUDE = 'numeric/stages.h';

/** Kernel sources, headers and instances below NETWORK_FOLDER. */
export function emitKernels(
  instances: readonly KernelInstance[],
  mode: FirmwareMode,
  templates: FirmwareTemplates,
): Map<string, string> {
  const files = new Map<string, string>();
  const queue = [
    WEIGHTS_INCLUDE,
    ...instances.flatMap((kernel) => [`kernels/${kernelFile(kernel)}.c`, `features/${kernel.feature}.h`]),
  ];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(`${NETWORK_FOLDER}/${path}`)) continue;
    const text = templateText(templates, path);
    files.set(`${NETWORK_FOLDER}/${path}`, text);
    queue.push(...includedFiles(path, text).filter((found) => templates.has(found)));
  }
  for (const kernel of instances) {
    const path = `${NETWORK_FOLDER}/instances/${kernel.name}`;
    files.set(`${path}.c`, instanceText(kernel, templates));
    const assembly = ASSEMBLY[kernelFile(kernel)]?.(kernel, mode);
    if (assembly !== undefined) files.set(`${path}.S`, assembly);
  }
  return files;
}

function instanceText(kernel: KernelInstance, templates: FirmwareTemplates): string {
  const values = {
    name: kernel.name,
    file: kernelFile(kernel),
    inputBits: kernel.inputBits,
    weightBits: kernel.weightBits ?? 8,
    feature: kernel.feature,
  };
  if (kernel.variant === undefined) return fillTemplate(templates, 'runtime/instance.c.tmpl', values);
  const parameters = Object.entries(kernel.parameters ?? {})
    .map(([name, value]) => `#define QMCU_${name.toUpperCase()} ${value}\n`)
    .join('');
  return fillTemplate(templates, 'runtime/variant_instance.c.tmpl', { ...values, parameters });
}

/** Paths of `#include "…"` lines, resolved against the file's folder. */
function includedFiles(path: string, text: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return [...text.matchAll(/^\s*#include "([^"]+)"/gm)].map(([, name]) => {
    const base = new URL(name!, `file:///${folder}/`);
    return base.pathname.slice(1);
  });
}

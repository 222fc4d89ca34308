/** Copies the kernel files that are used, with every header they include, and writes one small file per instance. */
import type { KernelInstance } from '../ir/bound-plan.js';
import { NETWORK_FOLDER } from './emit-network.js';
import { type FirmwareTemplates, fillTemplate, templateText } from './templates.js';

/** Kernel sources, headers and instances below NETWORK_FOLDER. */
export function emitKernels(
  instances: readonly KernelInstance[],
  templates: FirmwareTemplates,
): Map<string, string> {
  const files = new Map<string, string>();
  const queue = instances.flatMap((kernel) => [`kernels/${kernel.op}.c`, `features/${kernel.feature}.h`]);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(`${NETWORK_FOLDER}/${path}`)) continue;
    const text = templateText(templates, path);
    files.set(`${NETWORK_FOLDER}/${path}`, text);
    queue.push(...includedFiles(path, text).filter((found) => templates.has(found)));
  }
  for (const kernel of instances) {
    files.set(
      `${NETWORK_FOLDER}/instances/${kernel.name}.c`,
      fillTemplate(templates, 'runtime/instance.c.tmpl', {
        name: kernel.name,
        op: kernel.op,
        inputBits: kernel.inputBits,
        weightBits: kernel.weightBits ?? 8,
        feature: kernel.feature,
      }),
    );
  }
  return files;
}

/** Paths of `#include "…"` lines, resolved against the file's folder. */
function includedFiles(path: string, text: string): string[] {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return [...text.matchAll(/^\s*#include "([^"]+)"/gm)].map(([, name]) => {
    const base = new URL(name!, `file:///${folder}/`);
    return base.pathname.slice(1);
  });
}

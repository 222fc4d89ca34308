/** The firmware templates: loaded once from the package, filled in by name. Grammar: firmware-templates/README.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { bug } from '../support/errors.js';

/** Path inside firmware-templates/ → text. */
export type FirmwareTemplates = ReadonlyMap<string, string>;

const ROOT = new URL('../../firmware-templates/', import.meta.url);

/** Reads every template and C file of the package. */
export function loadFirmwareTemplates(): FirmwareTemplates {
  const files = new Map<string, string>();
  for (const folder of readdirSync(ROOT, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of readdirSync(new URL(`${folder.name}/`, ROOT))) {
      files.set(`${folder.name}/${name}`, readFileSync(new URL(`${folder.name}/${name}`, ROOT), 'utf8'));
    }
  }
  return files;
}

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export function templateText(templates: FirmwareTemplates, path: string): string {
  const text = templates.get(path);
  if (text === undefined) throw bug('codegen/no-template', 'the template is missing', { where: path });
  return text;
}

/** Replaces every `{{name}}`; a name without a value, or a value without a place, is a bug. */
export function fillTemplate(
  templates: FirmwareTemplates,
  path: string,
  values: Readonly<Record<string, string | number>>,
): string {
  const unused = new Set(Object.keys(values));
  const text = templateText(templates, path).replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw bug('codegen/placeholder', `placeholder ${name} has no value`, { where: path });
    unused.delete(name);
    return String(value);
  });
  const [left] = unused;
  if (left !== undefined)
    throw bug('codegen/placeholder', `the template has no placeholder ${left}`, { where: path });
  return text;
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** All sources below `src/`, those made by the build too, by their path from the root with forward slashes. */
export function readSources(root: string): Map<string, string> {
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => `src/${name.replaceAll(path.sep, '/')}`).filter((file) => file.endsWith('.ts'));
  return new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
}

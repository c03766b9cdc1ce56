import { readdirSync, readFileSync } from 'node:fs';

/** Children of a process, with their arguments. */
export function childrenOf(parent: number): { pid: number; args: string[] }[] {
  const children: { pid: number; args: string[] }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (Number(fields[1]) !== parent) continue;
      children.push({ pid: Number(name), args: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') });
    } catch {
      // It ended meanwhile.
    }
  }
  return children;
}

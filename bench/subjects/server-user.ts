import { execFileSync } from 'node:child_process';

/** Those as whom a server that refuses to run as root may run, best first. */
const NAMES = ['postgres', 'nobody'];

/** Whom PostgreSQL runs as: where this process is root's the first of some users that exists, else as this process does. */
export function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of NAMES) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // There is no such user.
    }
  }
  throw new Error(
    `PostgreSQL refuses to run as root, and there is no user ${NAMES.join(' or ')}: run the bench as another user`,
  );
}

const idOf = (flag: string, name: string): number =>
  Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));

import { execFileSync } from 'node:child_process';

/** The commit that runs, for a failure that will be read later. */
export function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'an unknown commit';
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made = new Set<string>();

/** Makes a folder that is gone when this process ends, however it does but by kill -9. */
export function temporaryFolder(what: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `just-hungry-${what}-`));
  made.add(folder);
  return folder;
}

/** Removes such a folder with all that is in it. A process that just ended may still have been writing: tried a few times. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  made.delete(folder);
}

/** Removes what is left of them. */
export function removeFolders(): void {
  for (const folder of made) removeFolder(folder);
}

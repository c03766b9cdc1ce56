import type { CommonState } from '../operations/common-op.js';
import type { ReachedReplica } from './replica-access.js';

/** What reading a file from the disk has shown. */
export interface FileDamage {
  readonly replica: string;
  readonly file: string;
  readonly what: string;
  /** The bytes are known to be others; else they could not be read. */
  readonly isCertain: boolean;
}

/** Has every replica that was noted read its tables and documents from the disk, every byte, and compares them with its note. */
export async function rereadAll(replicas: readonly ReachedReplica[], { states }: CommonState): Promise<FileDamage[]> {
  const found = await Promise.all(
    replicas.map(async ({ id, inspector }) => {
      const files = states.find((one) => one.id === id)?.note?.files ?? [];
      const damage: FileDamage[] = [];
      // One after the other: each disk reads one file at a time.
      for (const { name, kind, length, hash } of files) {
        if (kind === 'snapshot') continue;
        try {
          const { hash: onDisk, expected = hash } = await inspector.reread(name, length);
          if (onDisk !== expected)
            damage.push({
              replica: id,
              file: name,
              what: 'its bytes on the disk are not those written',
              isCertain: true,
            });
        } catch (error) {
          const what = error instanceof Error ? error.message : String(error);
          damage.push({ replica: id, file: name, what, isCertain: false });
        }
      }
      return damage;
    }),
  );
  return found.flat();
}

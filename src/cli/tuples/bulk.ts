import { CallRefusedError } from '../../ports/ordering-client.js';
import type { TupleSpace } from './tuple-space.js';

/** What was made of many groups. */
export interface BulkResult {
  readonly asked: number;
  readonly done: number;
  /** Those that were not done, and why: `present` or `absent`, or the reason of a refusal. */
  readonly failed: readonly { readonly id: string; readonly reason: string; readonly message: string }[];
}

/** Calls under way at once with `--parallel`. */
const PARALLEL_MAX = 100;

/** The key under which a group of this id is kept. */
export const keyOfGroup = (id: string): string[] => ['group', id];
const VALUE = ['created'];

/** Creates a group: why it was not, or undefined. */
export async function createGroup(
  space: TupleSpace,
  id: string,
): Promise<{ reason: string; message: string } | undefined> {
  const { notUsed } = await space.put([{ key: keyOfGroup(id), value: VALUE }]);
  const [first] = notUsed;
  return (
    first && { reason: first.reason, message: first.reason === 'present' ? `there is a group ${id}` : first.message }
  );
}

/** Deletes a group: why it was not, or undefined. */
export async function deleteGroup(
  space: TupleSpace,
  id: string,
): Promise<{ reason: string; message: string } | undefined> {
  const { pairs } = await space.delete({ keys: keyOfGroup(id), values: undefined });
  return pairs.length === 1 ? undefined : { reason: 'absent', message: `there is no group ${id}` };
}

/** Does the same to groups of all these ids, each a call of its own, one after the other or many at once. */
export async function forGroups(
  ids: readonly string[],
  { isParallel }: { readonly isParallel: boolean },
  deed: (id: string) => Promise<{ reason: string; message: string } | undefined>,
): Promise<BulkResult> {
  const failed: { id: string; reason: string; message: string }[] = [];
  const waiting = ids.values();
  const worker = async (): Promise<void> => {
    for (const id of waiting) {
      const problem = await deed(id).catch((error: unknown) => {
        if (error instanceof CallRefusedError) return { reason: error.refusal.reason, message: error.message };
        throw error;
      });
      if (problem !== undefined) failed.push({ id, ...problem });
    }
  };
  const workers = isParallel ? Math.min(PARALLEL_MAX, ids.length) : 1;
  await Promise.all(Array.from({ length: workers }, worker));
  return { asked: ids.length, done: ids.length - failed.length, failed };
}

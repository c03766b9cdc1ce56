import type { FileNote, StoppedFolder } from '../ports/inspection.js';
import type { RowSource } from '../operations/table-difference.js';
import type { FolderTools } from './environment.js';
import { CommandFailedError } from './command-error.js';
import type { ReachedReplica } from './replica-access.js';

/** One of the two replicas that are compared. */
export interface DiffSide extends RowSource {
  readonly id: string;
  /** `running`: it was asked; `stopped`: its folder was read. */
  readonly how: 'running' | 'stopped';
  /** The last op that its tables hold, or held when it was asked. */
  readonly lastOp: number;
  readonly files: readonly Pick<FileNote, 'name' | 'kind'>[];
  /** What is odd about its files, for people. */
  readonly notes: readonly string[];
  readonly stopped: StoppedFolder | undefined;
  /** The first row of a table, one byte a character; empty: not told. */
  headerOf(table: string): Promise<string>;
}

/** A side of a replica that runs; its files are known when it has been noted. */
export function runningSide({ id, inspector, status }: ReachedReplica, files: DiffSide['files']): DiffSide {
  return {
    id,
    how: 'running',
    lastOp: status?.applied ?? 0,
    files,
    notes: [],
    stopped: undefined,
    headerOf: async (table) => (await inspector.readRows({ table, fromOp: 1, toOp: 1 })).header,
    hashRows: (of, parts) => inspector.hashRows(of, parts),
    readRows: (of) => inspector.readRows(of),
  };
}

/** A side of a replica that does not answer: its folder, where it lies on this machine and nobody uses it. */
export async function stoppedSide(tools: FolderTools, { id, resources, why }: ReachedReplica): Promise<DiffSide> {
  let folder: StoppedFolder;
  try {
    folder = await tools.openStopped(resources);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailedError(
      `${id} cannot be compared: ${why}, and ${reason}. Start it, or run this where its folder lies.`,
      { cause: error },
    );
  }
  const { lastOp, files, notes } = folder;
  return {
    id,
    how: 'stopped',
    lastOp,
    files,
    notes,
    stopped: folder,
    headerOf: (table) => Promise.resolve(folder.headerOf(table)),
    hashRows: (of, parts) => folder.hashRows(of, parts),
    readRows: (of) => folder.readRows(of),
  };
}

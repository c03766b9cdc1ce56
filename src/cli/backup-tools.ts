import { createOperationsClient } from '../net/operations-client.js';
import { BackupError, openBackupFile, type BackupBytes } from '../storage/backup-media.js';
import { readBackup, type Backup } from '../storage/backup-reading.js';
import { writeBackup } from '../storage/backup-writing.js';
import { nodeFileSystem } from '../storage/node-file-system.js';
import { inTheWay, restoreFolder } from '../storage/restore.js';
import { surveyFolder } from '../storage/transplant.js';
import type { BackupReport, BackupTools } from './environment.js';
import { clusterTlsOf } from './tls-files.js';

/** The backup tools of this machine's disk and network. */
export function openBackupTools(): BackupTools {
  return {
    async receive(address, access) {
      const client = createOperationsClient(address, access.token, clusterTlsOf(access));
      try {
        const incoming = await client.backup();
        return { ...incoming, close: () => client.close() };
      } catch (error) {
        client.close();
        throw error;
      }
    },
    write: async (file, backup, onBytes) => reportOf(await writeBackup(file, backup, onBytes)),
    verify: (file) => withBackup(file, (_, backup) => reportOf(backup)),
    restore: (file, members, clusterId) =>
      withBackup(file, async (source, backup) => {
        const taken = members.flatMap(({ resources }) => {
          const names = inTheWay(nodeFileSystem, resources);
          return names.length === 0 ? [] : [`${resources} holds ${names.join(', ')}`];
        });
        if (taken.length > 0)
          throw new BackupError(
            `folders are not empty: ${taken.join('; ')}. Nothing was written; move what is there away, or name another configuration`,
          );
        for (const { id, resources } of members) {
          await restoreFolder(nodeFileSystem, source, backup, resources, { replicaId: id, clusterId });
          const { op } = await surveyFolder(nodeFileSystem, resources, id);
          if (op !== backup.manifest.op)
            throw new BackupError(
              `${resources} ends at op ${op}, not at op ${backup.manifest.op}: empty the folders and restore again`,
            );
        }
        return reportOf(backup);
      }),
  };
}

async function withBackup<T>(file: string, use: (source: BackupBytes, backup: Backup) => T | Promise<T>): Promise<T> {
  const source = openBackupFile(file);
  try {
    return await use(source, readBackup(source));
  } finally {
    source.close();
  }
}

const reportOf = ({ manifest: { clusterId, members, view, op, timeMs }, bytes }: Backup): BackupReport => ({
  clusterId,
  members,
  view,
  op,
  timeMs,
  bytes,
});

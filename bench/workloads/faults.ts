import type { Workload } from './workload.js';

/** Orders while one backup does not run. */
export const backupDown: Workload = {
  name: 'backup-down',
  what: 'orders while one backup of two is stopped',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'order' } },
  prepare: (cluster) => cluster.stopBackup(),
};

/** Orders while one backup that has lost everything copies it from the others. */
export const transfer: Workload = {
  name: 'transfer',
  what: 'orders while one backup, killed and emptied as the measurement begins, copies everything from the others',
  unit: 'orders',
  customers: [64],
  calls: { 'just-hungry': { calls: 'order' } },
  async during(cluster) {
    const ms = await cluster.wipeBackup();
    return `the backup was level again after ${(ms / 1000).toFixed(1)} s`;
  },
};

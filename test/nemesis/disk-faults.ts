import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Replica } from '../support/cluster.js';
import { until } from '../support/until.js';
import { filesOf, flipBit, truncate, wipe } from './damage.js';
import { anyReplica, shortHoldMs, type Fault, type FaultMaker, type Scene } from './fault.js';

/** Changes that the file system shows are found within this time, ms (design 5), with room for a busy machine. */
const NOTICED_WITHIN_MS = 6_000;

/** What is lost while the process is down is found at its next start. */
const lostAtRest = (scene: Scene, replica: Replica, what: string, lose: () => void): Fault => ({
  what: `${what} of ${replica.id} while it is down`,
  holdMs: shortHoldMs(scene),
  lostDisk: replica,
  inflict: async () => {
    await scene.keeper.kill(replica.process);
    lose();
  },
  heal: async () => {
    await scene.keeper.release(replica.process);
    await scene.cluster.joined(replica);
  },
});

/** What is lost while the process runs is found by it, sooner or later; what it does not look at by itself, at a restart. */
const lostWhileRunning = (scene: Scene, replica: Replica, what: string, lose: () => void): Fault => {
  let pid = 0;
  const hasEnded = (): boolean => !replica.process.isRunning || replica.process.pid !== pid;
  return {
    what: `${what} of ${replica.id} while it runs`,
    holdMs: 0,
    lostDisk: replica,
    inflict: async () => {
      await scene.keeper.release(replica.process);
      ({ pid } = replica.process);
      lose();
    },
    heal: async () => {
      const isNoticed = await until(hasEnded, 'it is noticed', NOTICED_WITHIN_MS).catch(() => false);
      if (!isNoticed) await scene.keeper.kill(replica.process);
      await scene.keeper.release(replica.process);
      await scene.cluster.joined(replica);
    },
  };
};

const victimFile = ({ chance }: Scene, { folder }: Replica): string => {
  const files = filesOf(folder);
  return files.length === 0 ? '' : chance.pick(files);
};

/** One file of a folder is made worse; a folder without files cannot be. */
const damaged = (scene: Scene, make: typeof lostAtRest, verb: string, harm: (file: string) => unknown): Fault => {
  const replica = anyReplica(scene);
  const file = victimFile(scene, replica);
  return make(scene, replica, `${verb} of ${file}`, () => {
    if (file === '') return;
    try {
      harm(path.join(replica.folder, file));
    } catch (error) {
      // A checkpoint may have removed it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  });
};

/** Faults of disks, by kind; each is the loss of at most one disk. */
export const diskFaults = {
  wipe: (scene) => {
    const replica = anyReplica(scene);
    return lostAtRest(scene, replica, 'the whole folder', () => wipe(replica.folder));
  },
  deleteFile: (scene) => damaged(scene, lostWhileRunning, 'deletion', (file) => rmSync(file)),
  flipBitAtRest: (scene) => damaged(scene, lostAtRest, 'a flipped bit', (file) => flipBit(file, scene.chance)),
  flipBit: (scene) => damaged(scene, lostWhileRunning, 'a flipped bit', (file) => flipBit(file, scene.chance)),
  truncateAtRest: (scene) => damaged(scene, lostAtRest, 'a lost end', (file) => truncate(file, scene.chance)),
  truncate: (scene) => damaged(scene, lostWhileRunning, 'a lost end', (file) => truncate(file, scene.chance)),
} as const satisfies Record<string, FaultMaker>;

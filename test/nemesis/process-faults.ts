import type { ServerProcess } from '../support/server-process.js';
import { anyBackup, anyFrontEnd, shortHoldMs, type Fault, type FaultMaker, type Scene } from './fault.js';

const killed = (scene: Scene, processes: readonly ServerProcess[]): Fault => ({
  what: `kill -9 of ${processes.map(({ name }) => name).join(', ')}`,
  holdMs: shortHoldMs(scene),
  inflict: async () => void (await Promise.all(processes.map((one) => scene.keeper.kill(one)))),
  heal: async () => void (await Promise.all(processes.map((one) => scene.keeper.release(one)))),
});

/** Pauses of 5 s are common, longer ones are not. */
const pauseMs = ({ chance, pauseMsMax }: Scene): number =>
  chance.chance(0.7) ? Math.min(5_000, pauseMsMax) : chance.between(1_000, pauseMsMax);

const paused = (scene: Scene, process: ServerProcess): Fault => ({
  what: `SIGSTOP of ${process.name}`,
  holdMs: pauseMs(scene),
  inflict: async () => {
    // What has just died by itself cannot stand still.
    await scene.keeper.release(process);
    await process.pause();
  },
  heal: async () => {
    // Another fault may have killed it meanwhile.
    if (process.isRunning) process.resume();
  },
});

/** Faults of whole processes, by kind. */
export const processFaults = {
  killPrimary: (scene, primary) => killed(scene, [primary.process]),
  killBackup: (scene, primary) => killed(scene, [anyBackup(scene, primary).process]),
  killFrontEnd: (scene) => killed(scene, [anyFrontEnd(scene).process]),
  killTwoReplicas: (scene, primary) =>
    killed(
      scene,
      scene.cluster.others(anyBackup(scene, primary)).map(({ process }) => process),
    ),
  killAllReplicas: (scene) =>
    killed(
      scene,
      scene.cluster.replicas.map(({ process }) => process),
    ),
  pausePrimary: (scene, primary) => paused(scene, primary.process),
  pauseBackup: (scene, primary) => paused(scene, anyBackup(scene, primary).process),
  pauseFrontEnd: (scene) => paused(scene, anyFrontEnd(scene).process),
} as const satisfies Record<string, FaultMaker>;

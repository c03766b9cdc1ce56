import type { FrontEnd, Replica } from '../support/cluster.js';
import { anyBackup, anyFrontEnd, shortHoldMs, type Fault, type FaultMaker, type Scene } from './fault.js';

type Way = readonly [from: Replica | FrontEnd, to: Replica];

const cut = (scene: Scene, what: string, ways: readonly Way[]): Fault => ({
  what,
  holdMs: shortHoldMs(scene) + 1_000,
  inflict: async () => ways.forEach(([from, to]) => scene.cluster.silence(from, to)),
  heal: async () => scene.cluster.openWays(),
});

const waysOut = ({ cluster }: Scene, from: Replica): Way[] => cluster.others(from).map((to) => [from, to]);
const waysIn = ({ cluster }: Scene, to: Replica): Way[] => cluster.others(to).map((from) => [from, to]);

/** One way, ms: less than a heartbeat, and enough for its misses. */
const DELAY_MS = { from: 20, to: 250 } as const;

const slowed = (scene: Scene, what: string, ways: readonly Way[]): Fault => {
  const delayMs = scene.chance.between(DELAY_MS.from, DELAY_MS.to);
  return {
    what: `${what} by ${delayMs} ms`,
    holdMs: shortHoldMs(scene) + 1_000,
    inflict: async () => ways.forEach(([from, to]) => scene.cluster.delay(from, to, delayMs)),
    heal: async () => scene.cluster.openWays(),
  };
};

/** Faults of the ways between servers, by kind. */
export const networkFaults = {
  deafPrimary: (scene, primary) => cut(scene, `${primary.id} hears no replica`, waysIn(scene, primary)),
  mutePrimary: (scene, primary) => cut(scene, `no replica hears ${primary.id}`, waysOut(scene, primary)),
  isolatePrimary: (scene, primary) =>
    cut(scene, `${primary.id} is cut off`, [...waysIn(scene, primary), ...waysOut(scene, primary)]),
  isolateBackup: (scene, primary) => {
    const backup = anyBackup(scene, primary);
    return cut(scene, `${backup.id} is cut off`, [...waysIn(scene, backup), ...waysOut(scene, backup)]);
  },
  cutOneWay: (scene, primary) => {
    const backup = anyBackup(scene, primary);
    const way: Way = scene.chance.chance(0.5) ? [primary, backup] : [backup, primary];
    return cut(scene, `${way[1].id} does not hear ${way[0].id}`, [way]);
  },
  cutFrontEnd: (scene, primary) => {
    const frontEnd = anyFrontEnd(scene);
    return cut(scene, `${frontEnd.id} does not reach ${primary.id}`, [[frontEnd, primary]]);
  },
  delayAll: (scene) =>
    slowed(
      scene,
      'everything between replicas is late',
      scene.cluster.replicas.flatMap((replica) => waysOut(scene, replica)),
    ),
  delayPrimary: (scene, primary) => slowed(scene, `what ${primary.id} sends is late`, waysOut(scene, primary)),
} as const satisfies Record<string, FaultMaker>;

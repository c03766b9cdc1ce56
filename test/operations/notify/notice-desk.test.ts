import { expect } from 'chai';
import { EventLog } from '../../../src/operations/events/event-log.js';
import { NoticeDesk } from '../../../src/operations/notify/notice-desk.js';
import { isShared } from '../../../src/operations/notify/conditions.js';
import type { ReplicaStatus } from '../../../src/ports/calls.js';
import { type EventKind, NoticeError, type Notice } from '../../../src/ports/events.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];
const ON: readonly EventKind[] = [
  'unhealthy',
  'healthy',
  'read-only',
  'writable',
  'became-primary',
  'view-change',
  'damage',
];
const HEARTBEAT_MS = 100;
const START_MS = Date.parse('2026-11-21T12:00:00Z');

/** Replicas with desks that reach each other, in a time that the test moves on. */
class World {
  nowMs = 0;
  /** What people got, with the replica that told. */
  readonly told: (Notice & { readonly by: string })[] = [];
  /** Whether people can be reached. */
  isUp = true;
  readonly #timers = new Set<{ atMs: number; everyMs: number | undefined; run: () => void }>();
  readonly replicas = new Map(IDS.map((id) => [id, new DeskReplica(this, id)]));

  readonly clock = { monotonicMs: () => this.nowMs, wallMs: () => START_MS + this.nowMs };
  readonly timers = {
    after: (ms: number, run: () => void) => this.#add({ atMs: this.nowMs + ms, everyMs: undefined, run }),
    every: (ms: number, run: () => void) => this.#add({ atMs: this.nowMs + ms, everyMs: ms, run }),
  };

  replica(id: string): DeskReplica {
    const found = this.replicas.get(id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  }

  /** Lets time pass; everything that is promised meanwhile happens. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (const timer of this.#timers) {
        if (timer.atMs > this.nowMs) continue;
        if (timer.everyMs === undefined) this.#timers.delete(timer);
        else timer.atMs += timer.everyMs;
        timer.run();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Everybody takes `primary` for the primary, and `dead` for dead. */
  stand(primary: string, dead: readonly string[], view: number): void {
    for (const [id, replica] of this.replicas)
      replica.status = {
        ...replica.status,
        view,
        role: id === primary ? 'primary' : 'backup',
        primaryId: primary,
        peers: IDS.filter((peer) => peer !== id).map((peer) => ({
          id: peer,
          health: dead.includes(peer) ? 'unhealthy' : 'healthy',
        })),
      };
  }

  #add(timer: { atMs: number; everyMs: number | undefined; run: () => void }): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}

class DeskReplica {
  status: ReplicaStatus;
  readonly lines: string[] = [];
  log: EventLog;
  desk: NoticeDesk | undefined;

  constructor(
    private readonly world: World,
    readonly id: string,
  ) {
    this.status = statusOf(id);
    this.log = this.#openLog();
  }

  start(): void {
    const { world, id } = this;
    this.log = this.#openLog();
    this.desk = new NoticeDesk({
      self: id,
      replicaIds: IDS,
      heartbeatMs: HEARTBEAT_MS,
      on: ON,
      ways: [
        {
          name: 'webhook',
          async send(notice) {
            if (!world.isUp) throw new NoticeError('down', false);
            world.told.push({ ...notice, by: id });
          },
          close: () => undefined,
        },
      ],
      log: this.log,
      clock: world.clock,
      timers: world.timers,
      status: () => this.status,
      ask: async (peer, notice) => world.replica(peer).desk?.share(notice),
    });
    this.desk.begin();
  }

  /** As kill -9 does: its file stays. */
  kill(): void {
    this.desk?.stop();
    this.desk = undefined;
  }

  see(kind: EventKind, subject = ''): void {
    const { view, op, commit } = this.status;
    if (this.desk !== undefined) this.log.record({ kind, subject, reason: '' }, { view, op, commit });
  }

  #openLog(): EventLog {
    const { lines } = this;
    return new EventLog({
      replica: this.id,
      file: { lines: [...lines], append: (line) => void lines.push(line), idle: async () => undefined },
      clock: { wallMs: () => this.world.clock.wallMs() },
      keyOf: ({ kind, view, number }) =>
        isShared(kind)
          ? ''
          : kind === 'became-primary' || kind === 'view-change'
            ? `${kind}/${view}`
            : `${kind}/${this.id}/${number}`,
    });
  }
}

const statusOf = (id: string): ReplicaStatus => ({
  id,
  role: 'backup',
  view: 0,
  logView: 0,
  op: 1,
  durableOp: 1,
  commit: 1,
  applied: 1,
  chain: '',
  primaryId: '',
  writable: true,
  reason: '',
  peers: [],
  outbox: 0,
  takesAlone: false,
  damage: [],
  uptimeMs: 1,
  orders: 0,
  reads: 0,
  diskFreeBytes: undefined,
  lagMs: undefined,
  lastFault: undefined,
});

describe('notices: who tells', () => {
  let world: World;
  const started = (): World => {
    world = new World();
    for (const replica of world.replicas.values()) replica.start();
    world.stand('replica-1', [], 0);
    return world;
  };
  const kinds = (): string[] => world.told.map(({ kind, by }) => `${kind} by ${by}`);

  /** The primary dies; both others see it, and the second becomes primary. */
  const primaryDies = async (): Promise<void> => {
    world.replica('replica-1').kill();
    for (const id of ['replica-2', 'replica-3']) world.replica(id).see('unhealthy', 'replica-1');
    world.stand('replica-2', ['replica-1'], 1);
    for (const id of ['replica-2', 'replica-3']) world.replica(id).see('view-change');
    world.replica('replica-2').see('became-primary');
    await world.pass(1_000);
  };
  const comesBack = async (): Promise<void> => {
    world.replica('replica-1').start();
    world.stand('replica-2', [], 1);
    for (const id of ['replica-2', 'replica-3']) world.replica(id).see('healthy', 'replica-1');
    await world.pass(1_000);
  };

  it('the primary dies and comes back: the new primary tells each thing once', async () => {
    started();
    await primaryDies();
    await comesBack();
    expect(kinds()).to.deep.equal([
      'view-change by replica-2',
      'became-primary by replica-2',
      'unhealthy by replica-2',
      'healthy by replica-2',
    ]);
    const [unhealthy, healthy] = world.told.slice(2);
    expect(healthy?.key).to.equal(unhealthy?.key.replace('unhealthy', 'healthy'));
  });

  it('another one becomes primary: what was told is not told again, and its end is told by who told it', async () => {
    started();
    await primaryDies();
    world.stand('replica-3', ['replica-1'], 2);
    world.replica('replica-3').see('became-primary');
    await world.pass(3_000);
    world.replica('replica-1').start();
    world.stand('replica-3', [], 2);
    for (const id of ['replica-2', 'replica-3']) world.replica(id).see('healthy', 'replica-1');
    await world.pass(3_000);
    expect(kinds().slice(2)).to.deep.equal([
      'unhealthy by replica-2',
      'became-primary by replica-3',
      'healthy by replica-2',
    ]);
  });

  it('who was to tell dies before people could be reached: the next one tells, under the same key', async () => {
    started();
    world.isUp = false;
    await primaryDies();
    world.replica('replica-1').start();
    world.replica('replica-2').kill();
    world.stand('replica-3', ['replica-2'], 2);
    world.isUp = true;
    await world.pass(3_000);
    expect(kinds()).to.deep.equal(['unhealthy by replica-3']);
    const [unhealthy] = world.told;
    // It is over for replica-2, which starts again: it asks, and tells only what is its own.
    world.replica('replica-2').start();
    await world.pass(3_000);
    expect(kinds()).to.deep.equal(['unhealthy by replica-3', 'became-primary by replica-2']);
    expect(unhealthy?.key).to.match(/^unhealthy\/replica-1\//);
  });

  it('a second failure of the same replica is another one, with a key of its own', async () => {
    started();
    await primaryDies();
    await comesBack();
    await primaryDies();
    await comesBack();
    const ofPeers = world.told.filter(({ kind }) => isShared(kind));
    expect(ofPeers.map(({ kind }) => kind)).to.deep.equal(['unhealthy', 'healthy', 'unhealthy', 'healthy']);
    expect(new Set(ofPeers.map(({ key }) => key)).size).to.equal(4);
  });

  it('two take themselves for the one who tells, at the same moment: one does', async () => {
    started();
    for (const replica of world.replicas.values()) replica.status = { ...replica.status, role: 'primary' };
    for (const id of ['replica-1', 'replica-2']) world.replica(id).see('unhealthy', 'replica-3');
    await world.pass(3_000);
    expect(kinds()).to.deep.equal(['unhealthy by replica-1']);
  });

  it('a replica that is cut off: tells that orders are closed there, not that all others fail; they tell of it', async () => {
    started();
    const cut = world.replica('replica-3');
    world.stand('replica-1', ['replica-3'], 0);
    cut.status = {
      ...cut.status,
      role: 'view-change',
      primaryId: '',
      peers: cut.status.peers.map(({ id }) => ({ id, health: 'unhealthy' })),
    };
    for (const id of ['replica-1', 'replica-2']) cut.see('unhealthy', id);
    cut.see('read-only');
    world.replica('replica-1').see('unhealthy', 'replica-3');
    await world.pass(5_000);
    expect(kinds()).to.deep.equal(['unhealthy by replica-1', 'read-only by replica-3']);
    world.stand('replica-1', [], 0);
    for (const id of ['replica-1', 'replica-2']) cut.see('healthy', id);
    cut.see('writable');
    world.replica('replica-1').see('healthy', 'replica-3');
    await world.pass(70_000);
    expect(kinds().slice(2).toSorted()).to.deep.equal(['healthy by replica-1', 'writable by replica-3']);
  });

  it('orders closed for the moment of a failover are no notice', async () => {
    started();
    world.stand('', [], 1);
    for (const replica of world.replicas.values()) replica.see('read-only');
    await world.pass(1_000);
    world.stand('replica-2', [], 1);
    for (const replica of world.replicas.values()) replica.see('writable');
    await world.pass(5_000);
    expect(kinds()).to.deep.equal([]);
  });

  it('what a peer told and this replica does not see: its own next sight is another failure', async () => {
    started();
    world.replica('replica-1').see('unhealthy', 'replica-2');
    await world.pass(3_000);
    world.replica('replica-1').kill();
    for (const id of ['replica-3']) world.replica(id).see('unhealthy', 'replica-2');
    world.stand('replica-3', ['replica-2'], 2);
    await world.pass(3_000);
    expect(kinds()).to.deep.equal(['unhealthy by replica-1', 'unhealthy by replica-3']);
    expect(new Set(world.told.map(({ key }) => key)).size).to.equal(2);
  });

  it('a replica that dies with its own news untold tells it after its start, under the same key, and once', async () => {
    started();
    const replica = world.replica('replica-2');
    world.isUp = false;
    replica.see('damage');
    await world.pass(1_000);
    const key = replica.log.events.at(-1)?.key;
    replica.kill();
    world.isUp = true;
    for (let lives = 0; lives < 3; lives++) {
      replica.start();
      await world.pass(1_000);
      replica.kill();
    }
    expect(world.told.map((notice) => notice.key)).to.deep.equal([key]);
  });

  it('a restart of all: what lasts and was told is not told again, its end is', async () => {
    started();
    await primaryDies();
    const before = world.told.length;
    for (const id of ['replica-2', 'replica-3']) world.replica(id).kill();
    for (const id of ['replica-2', 'replica-3']) world.replica(id).start();
    world.stand('replica-3', ['replica-1'], 2);
    await world.pass(10_000);
    expect(kinds().slice(before)).to.deep.equal([]);
    world.replica('replica-1').start();
    world.stand('replica-3', [], 2);
    for (const id of ['replica-2', 'replica-3']) world.replica(id).see('healthy', 'replica-1');
    await world.pass(3_000);
    expect(kinds().slice(before)).to.deep.equal(['healthy by replica-2']);
  });

  it('one that stops in order tells nothing of what it sees then', async () => {
    started();
    const replica = world.replica('replica-1');
    replica.desk?.stop();
    replica.see('unhealthy', 'replica-2');
    await world.pass(5_000);
    expect(kinds()).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { op, replicaIndex } from '../../src/base/numbers.js';
import type { CheckpointOffer } from '../../src/base/checkpoint.js';
import { DiskQueue } from '../../src/runtime/disk-queue.js';
import { systemTimers } from '../../src/runtime/system-timers.js';
import { EffectPerformer } from '../../src/runtime/effect-performer.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import type { Notice } from '../../src/vsr/effect.js';
import type { Untimed } from '../../src/vsr/event.js';
import type { Message } from '../../src/vsr/message.js';
import { headAt } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { systemError } from '../support/simulated-inode.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';
import { until } from '../support/until.js';

const ENTRIES = firstEntries(3);
const last = ENTRIES[2];
if (last === undefined) throw new Error('three entries were made');
const ROWS = '1,pizza\r\n2,soup\r\n3,rice\r\n';
const HEADER = 'op,item\r\n';

/** ms that pass between two looks at the clock. */
const READING_MS = 3;

/** A performer over real storage on a simulated disk, and everything it told. */
async function performer() {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await storage.load();
  await storage.initialise(promises(0), ENTRIES);
  storage.files.table('orders.csv', HEADER).append(ROWS);
  const events: Untimed[] = [];
  const notices: Notice[] = [];
  const failures: unknown[] = [];
  const sent: { to: number; message: Message }[] = [];
  const later: { ms: number; run: () => void }[] = [];
  const ignore = (): void => undefined;
  let readings = 0;
  const disk = new DiskQueue(
    storage,
    {
      onAppended: ignore,
      onTransitionDone: ignore,
      onOutboxAppended: ignore,
      onOutboxFull: ignore,
      onDiskFull: ignore,
      onDiskSlow: ignore,
      onFailed: (error) => failures.push(error),
    },
    systemTimers,
  );
  const effects = new EffectPerformer({
    storage,
    disk,
    send: (to, message) => sent.push({ to, message }),
    settle: ignore,
    tell: (notice) => notices.push(notice),
    dispatch: (event) => events.push(event),
    onDiskFailed: (error) => failures.push(error),
    whenRoom: (run) => later.push({ ms: 0, run }),
    onDistrust: ignore,
    after: (ms, run) => later.push({ ms, run }),
    nowMs: () => (readings += READING_MS),
  });
  return { fileSystem, storage, effects, events, notices, failures, later, sent };
}

/** A peer's checkpoint of two files, in pieces. */
async function peerCheckpoint(fileSystem: SimulatedFileSystem): Promise<{ offer: CheckpointOffer; rows: Buffer }> {
  fileSystem.makeFolder('/peer');
  const peer = openReplicaStorage(fileSystem, '/peer');
  await peer.load();
  await peer.initialise(promises(0), ENTRIES);
  peer.files.table('orders.csv', HEADER).append(ROWS);
  await peer.checkpoint(headAt(last ?? never()));
  const offer = peer.offer() ?? never();
  peer.close();
  return { offer, rows: Buffer.from(HEADER + ROWS) };
}

function never(): never {
  throw new Error('it was made just now');
}

describe('runtime: effects', () => {
  it('stageChunk: a piece without room is dropped, the whole is found incomplete, and a second fetch succeeds', async () => {
    const { fileSystem, effects, events, failures } = await performer();
    const { offer, rows } = await peerCheckpoint(fileSystem);
    const stage = (pieces: readonly [number, number][]): void => {
      for (const [from, to] of pieces)
        effects.perform({ kind: 'stageChunk', file: 'orders.csv', offset: from, bytes: rows.subarray(from, to) });
    };
    const stageSnapshot = (): void =>
      effects.perform({
        kind: 'stageChunk',
        file: 'ordering.snapshot',
        offset: 0,
        bytes: Buffer.from(snapshots.ordering),
      });
    const snapshots = { ordering: 'state at 3' };
    stage([[0, 10]]);
    fileSystem.limitRoom(0);
    stage([[10, 20]]);
    fileSystem.limitRoom(Number.POSITIVE_INFINITY);
    stage([[20, rows.length]]);
    stageSnapshot();
    effects.perform({ kind: 'verifyStaged', offer, nonce: 1 });
    expect(events).to.deep.equal([{ kind: 'checkpointVerified', nonce: 1, isValid: false }]);

    stage([
      [0, 10],
      [10, 20],
      [20, rows.length],
    ]);
    stageSnapshot();
    effects.perform({ kind: 'verifyStaged', offer, nonce: 2 });
    expect(events[1]).to.deep.equal({ kind: 'checkpointVerified', nonce: 2, isValid: true, snapshots });
    expect(failures).to.deep.equal([]);
  });

  it('verifyStaged: brings the snapshots that were among the files, of any size', async () => {
    const { fileSystem, effects, events } = await performer();
    fileSystem.makeFolder('/peer');
    const peer = openReplicaStorage(fileSystem, '/peer');
    await peer.load();
    await peer.initialise(promises(0), ENTRIES);
    const large = 'é'.repeat(3 << 20);
    await peer.checkpoint({ ...headAt(last ?? never()), snapshots: { ordering: large } });
    const offer = peer.offer() ?? never();
    expect(JSON.stringify(offer).length, 'the offer is small').to.be.lessThan(1_000);
    for (const { name, length } of offer.files)
      for (let offset = 0; offset < length; offset += 1 << 20) {
        const bytes = peer.readChunk(offer.head.base.op, name, offset, 1 << 20) ?? never();
        effects.perform({ kind: 'stageChunk', file: name, offset, bytes });
      }
    effects.perform({ kind: 'verifyStaged', offer, nonce: 3 });
    expect(events).to.have.length(1);
    const [event] = events;
    expect(event?.kind === 'checkpointVerified' && event.snapshots?.['ordering'] === large).to.equal(true);
  });

  it('sendChunk: pieces go one at a time with pauses, and of a peer only the last request counts', async () => {
    const { storage, effects, later, sent } = await performer();
    await storage.checkpoint(headAt(last ?? never()));
    const ask = (to: number, offset: number): void =>
      effects.perform({
        kind: 'sendChunk',
        to: replicaIndex(to),
        checkpoint: op(3),
        file: 'orders.csv',
        offset,
        length: 256 * 1024,
        nonce: 9,
      });
    for (const [to, offset] of [
      [1, 0],
      [1, 5],
      [1, 6],
      [2, 0],
    ] as const)
      ask(to, offset);
    expect(sent.map(({ to }) => to)).to.deep.equal([1]);
    for (let pause = later.shift(); pause !== undefined; pause = later.shift()) {
      expect(pause.ms, 'four times as long as a piece takes').to.equal(4 * READING_MS);
      pause.run();
    }
    const offsets = sent.map(({ to, message }) => [to, message.kind === 'chunk' ? message.offset : undefined]);
    expect(offsets).to.deep.equal([
      [1, 0],
      [1, 6],
      [2, 0],
    ]);
    ask(1, 7);
    expect(sent).to.have.length(4);
  });

  for (const code of ['EACCES', 'EMFILE', 'ENOENT'])
    it(`checkpoint: one that is refused with ${code} is told, tried again later, and costs nothing`, async () => {
      const { fileSystem, storage, effects, events, notices, failures, later } = await performer();
      const head = headAt(last ?? never());
      fileSystem.onOperation = ({ kind, path }) => {
        if (kind === 'create' && path.includes('/checkpoint/')) throw systemError(code, `open '${path}'`, 'open');
      };
      effects.perform({ kind: 'checkpoint', head });
      await until(() => notices.length > 0, 'it is told');
      expect(notices[0]).to.deep.include({ kind: 'checkpointPostponed', at: 3 });
      expect(events).to.deep.equal([]);
      later[0]?.run();
      expect(later[0]?.ms).to.be.greaterThan(1_000);
      expect(events).to.deep.equal([{ kind: 'checkpointFailed' }]);

      fileSystem.onOperation = () => undefined;
      await storage.append(firstEntries(4).slice(3), op(3));
      effects.perform({ kind: 'checkpoint', head });
      await until(() => events.length > 1, 'the checkpoint is made');
      expect(events[1]).to.deep.equal({ kind: 'checkpointed', op: 3 });
      expect(failures).to.deep.equal([]);
    });

  it('checkpoint: a failed fsync is final, for whatever reason it failed', async () => {
    for (const code of ['EIO', 'ENOSPC']) {
      const { fileSystem, effects, notices, failures, later } = await performer();
      fileSystem.syncError = code;
      fileSystem.failSync = (path) => path.endsWith('head.json');
      effects.perform({ kind: 'checkpoint', head: headAt(last ?? never()) });
      await until(() => failures.length > 0, 'it is told to be final');
      expect(failures[0]).to.have.property('code', code);
      expect([...notices, ...later]).to.deep.equal([]);
    }
  });
});

import { expect } from 'chai';
import { op, view } from '../../src/base/numbers.js';
import { createOperationsClient } from '../../src/net/operations-client.js';
import type { BackupHead, BackupPiece, OutgoingBackup } from '../../src/ports/backup.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { Rig, TOKEN } from './support/rig.js';

const HEAD: BackupHead = {
  clusterId: '0123456789abcdef',
  members: ['one', 'two', 'three'],
  view: view(3),
  op: op(9),
  chain: 'c'.repeat(32),
  timeMs: 1_767_323_045_008,
  checkpoint: {
    head: { base: { op: op(4), chain: 'b'.repeat(32), timeMs: 1_767_323_045_001 }, snapshots: {} },
    files: [{ name: 'orders.csv', length: 5, hash: 'a'.repeat(64), grows: true }],
  },
  journalBytes: 7,
};

/** Gives these in turn; with `isHung` nothing after them. */
function outgoing(
  pieces: readonly BackupPiece[],
  end: 'end' | 'gone' | 'hung' = 'end',
  head = HEAD,
): OutgoingBackup & { asked: number } {
  return {
    head,
    asked: 0,
    next(done) {
      const piece = pieces[this.asked++] ?? end;
      if (piece !== 'hung') setImmediate(() => done(piece));
    },
  };
}

describe('net: backups', () => {
  let rig: Rig;
  before(async () => (rig = await Rig.start()));
  after(() => rig.stop());

  const client = (token = TOKEN) => {
    const made = createOperationsClient(rig.replicas[0]?.address ?? '', token);
    rig.onStop(() => made.close());
    return made;
  };
  const serve = <T extends OutgoingBackup>(backup: T): T => {
    const [replica] = rig.cluster.replicas;
    if (replica !== undefined) replica.outgoing = backup;
    return backup;
  };
  const all = async (pieces: AsyncIterable<BackupPiece>): Promise<BackupPiece[]> => {
    const found: BackupPiece[] = [];
    for await (const piece of pieces) found.push(piece);
    return found;
  };
  const refusal = async (run: Promise<unknown>): Promise<string> => {
    const error = await run.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(CallRefusedError);
    return (error as CallRefusedError).refusal.reason;
  };

  it('head and pieces arrive as they were sent, with and without a checkpoint', async () => {
    const pieces = [
      { name: 'orders.csv', offset: 0, bytes: Buffer.from('hello') },
      { name: 'journal', offset: 0, bytes: Buffer.from('seven b') },
    ];
    for (const head of [HEAD, { ...HEAD, checkpoint: undefined }]) {
      serve(outgoing(pieces, 'end', head));
      const incoming = await client().backup();
      expect(incoming.head).to.deep.equal(head);
      expect(await all(incoming.pieces)).to.deep.equal(pieces);
    }
  });

  it('who does not read is not read for: no more is asked for than fits on its way', async () => {
    const bytes = Buffer.alloc(256 * 1024);
    const backup = serve(
      outgoing(
        Array.from({ length: 400 }, (_, index) => ({ name: 'orders.csv', offset: index * bytes.length, bytes })),
      ),
    );
    const incoming = await client().backup();
    const pieces = incoming.pieces[Symbol.asyncIterator]();
    await pieces.next();
    // Whatever the buffers on the way hold, it comes to rest.
    for (let before = -1; before !== backup.asked;) {
      before = backup.asked;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(backup.asked).to.be.lessThan(200);
    let count = 1;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) count++;
    expect(count).to.equal(400);
  });

  it('without the token nothing is told; a refusal, a checkpoint that is gone and silence are told in words', async () => {
    const backup = serve(outgoing([]));
    expect(await refusal(client('').backup())).to.equal('TOKEN_MISSING');
    expect(await refusal(client('wrong').backup())).to.equal('TOKEN_WRONG');
    expect(backup.asked).to.equal(0);
    serve(outgoing([], 'gone'));
    expect(
      await refusal(
        client()
          .backup()
          .then(({ pieces }) => all(pieces)),
      ),
    ).to.equal('OVERLOADED');
    serve(outgoing([], 'hung'));
    expect(
      await refusal(
        client()
          .backup(100)
          .then(({ pieces }) => all(pieces)),
      ),
    ).to.equal('OUTCOME_UNKNOWN');
    serve(outgoing([], 'end', { ...HEAD, chain: 'no chain' }));
    expect(await refusal(client().backup())).to.equal('INTERNAL');
  });

  it('cancelled: the replica is not asked for more', async () => {
    const backup = serve(
      outgoing(
        Array.from({ length: 1000 }, (_, offset) => ({ name: 'orders.csv', offset, bytes: Buffer.alloc(100_000) })),
      ),
    );
    const incoming = await client().backup();
    incoming.cancel();
    await all(incoming.pieces).catch(() => undefined);
    for (let before = -1; before !== backup.asked;) {
      before = backup.asked;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(backup.asked).to.be.lessThan(1000);
  });
});

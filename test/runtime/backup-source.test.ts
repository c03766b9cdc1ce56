import { expect } from 'chai';
import { present } from '../../src/base/assert.js';
import { op } from '../../src/base/numbers.js';
import type { BackupPiece, OutgoingBackup } from '../../src/ports/backup.js';
import { beginBackup } from '../../src/runtime/backup-source.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import type { State } from '../../src/vsr/state.js';
import { headAt } from '../contract/replica-storage.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const ENTRIES = firstEntries(6);
const HEADER = 'op,item\r\n';

/** What of a replica's state a backup looks at: six ops, of which `applied` are in the tables. */
const stateAt = (applied: number, more: Partial<State> = {}): State =>
  ({
    status: 'normal',
    transition: undefined,
    applied: op(applied),
    logView: promises(3).logView,
    clusterId: 'cluster-1',
    config: { replicaIds: ['replica-1', 'replica-2', 'replica-3'] },
    log: { base: { op: op(0), chain: '0'.repeat(32), timeMs: 0 }, entries: [...ENTRIES] },
    ...more,
  }) as unknown as State;

/** A folder with a table of so many rows; `checkpoint` makes one at an op. */
async function folder() {
  const { fileSystem } = simulated();
  const storage = openReplicaStorage(fileSystem, '/replica', { replicaId: 'replica-1' });
  const table = storage.files.table('orders.csv', HEADER);
  storage.files.document('motd.txt').write('Welcome\n');
  await storage.load();
  await storage.initialise(promises(3), ENTRIES);
  const checkpoint = async (at: number) => {
    const entry = present(ENTRIES[at - 1], `op ${at}`);
    table.append(`${at},pizza\r\n`);
    storage.flushTables();
    await storage.checkpoint(headAt(entry));
  };
  return { storage, checkpoint };
}

const atOnce = (_who: object, run: () => void): void => run();

function begun(of: ReturnType<typeof beginBackup>): OutgoingBackup {
  if ('reason' in of) throw new Error(of.message);
  return of;
}

function piecesOf(backup: OutgoingBackup): (BackupPiece | 'end' | 'gone')[] {
  const found: (BackupPiece | 'end' | 'gone')[] = [];
  while (typeof found.at(-1) !== 'string') backup.next((piece) => found.push(piece));
  return found;
}

const rowsOf = (pieces: readonly (BackupPiece | string)[]): string =>
  pieces
    .flatMap((one) => (typeof one !== 'string' && one.name === 'journal' ? Buffer.from(one.bytes).toString() : []))
    .join('');

describe('runtime: what a backup is read from', () => {
  it('without a checkpoint: the log from op 1, up to the last op in the tables and no further', async () => {
    const { storage } = await folder();
    const backup = begun(beginBackup(stateAt(4), { storage, inTurn: atOnce }));
    expect(backup.head).to.include({
      op: 4,
      chain: ENTRIES[3]?.chain,
      timeMs: ENTRIES[3]?.timeMs,
      checkpoint: undefined,
    });
    const rows = ENTRIES.slice(0, 4).map(({ row }) => Buffer.from(row).toString());
    const pieces = piecesOf(backup);
    expect(rowsOf(pieces)).to.equal(rows.join(''));
    expect(pieces.at(-1)).to.equal('end');
    storage.close();
  });

  it('with a checkpoint: documents first, then tables as they were, then the log after it, whatever comes meanwhile', async () => {
    const { storage, checkpoint } = await folder();
    await checkpoint(2);
    const state = stateAt(5);
    const backup = begun(beginBackup(state, { storage, inTurn: atOnce }));
    const names: string[] = [];
    let table = '';
    let rows = '';
    for (let isDone = false; !isDone;)
      backup.next((piece) => {
        if (typeof piece === 'string') return void (isDone = true);
        if (names.at(-1) !== piece.name) names.push(piece.name);
        if (piece.name === 'orders.csv') table += Buffer.from(piece.bytes).toString();
        if (piece.name === 'journal') rows += Buffer.from(piece.bytes).toString();
        // The log in memory goes on and is trimmed.
        state.log.entries.push(...entriesAfter(6, ENTRIES[5]?.chain ?? '', 1));
      });
    expect(names.indexOf('motd.txt')).to.be.lessThan(names.indexOf('orders.csv'));
    expect(table).to.equal(`${HEADER}2,pizza\r\n`);
    expect(rows).to.equal(
      ENTRIES.slice(2, 5)
        .map(({ row }) => Buffer.from(row).toString())
        .join(''),
    );
    storage.close();
  });

  it('its checkpoint is removed: tables are read on from a later one; documents that were not read yet are gone', async () => {
    const { storage, checkpoint } = await folder();
    await checkpoint(2);
    const read = begun(beginBackup(stateAt(3), { storage, inTurn: atOnce }));
    const unread = begun(beginBackup(stateAt(3), { storage, inTurn: atOnce }));
    const copies = (read.head.checkpoint?.files ?? []).filter(({ grows }) => !grows);
    for (const _ of copies) read.next(() => undefined);
    for (const at of [3, 4, 5]) await checkpoint(at);
    const rest = piecesOf(read);
    const table = rest.flatMap((one) =>
      typeof one !== 'string' && one.name === 'orders.csv' ? Buffer.from(one.bytes).toString() : [],
    );
    expect(table.join('')).to.equal(`${HEADER}2,pizza\r\n`);
    expect(rest.at(-1)).to.equal('end');
    expect(piecesOf(unread)).to.deep.equal(['gone']);
    storage.close();
  });

  it('refused: while it recovers, between two views, before the founding, and before its files were read', async () => {
    const { storage } = await folder();
    const world = { storage, inTurn: atOnce };
    expect(beginBackup(stateAt(4, { status: 'recovering' }), world)).to.include({ reason: 'DAMAGED' });
    expect(beginBackup(stateAt(4, { status: 'view-change' }), world)).to.include({ reason: 'DAMAGED' });
    expect(beginBackup(stateAt(4, { status: 'founding' }), world)).to.include({ reason: 'NOT_FOUNDED' });
    const trimmed = stateAt(4, {
      log: { base: { op: op(2), chain: ENTRIES[1]?.chain ?? '', timeMs: 0 }, entries: ENTRIES.slice(2) },
    });
    expect(beginBackup(trimmed, world)).to.include({ reason: 'NO_PRIMARY' });
    storage.close();
  });
});

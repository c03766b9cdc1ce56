import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { present } from '../../src/base/assert.js';
import { op, view } from '../../src/base/numbers.js';
import { JOURNAL_PART, type BackupHead, type BackupPiece } from '../../src/ports/backup.js';
import { openBackupFile } from '../../src/storage/backup-media.js';
import { readBackup } from '../../src/storage/backup-reading.js';
import { writeBackup } from '../../src/storage/backup-writing.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { inTheWay, restoreFolder } from '../../src/storage/restore.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const HEADER = 'op,item\r\n';
const FIRST = firstEntries(4);
const FOURTH = present(FIRST.at(-1), 'there is a fourth entry');
const LATER = entriesAfter(4, FOURTH.chain, 3);
const SEVENTH = present(LATER.at(-1), 'there is a seventh entry');
const AS = { replicaId: 'replica-2', clusterId: '0123456789abcdef' };

/** What a replica with a checkpoint at op 4 and three entries after it sends. */
async function sent(): Promise<{ head: BackupHead; pieces: BackupPiece[] }> {
  const { fileSystem } = simulated();
  const storage = openReplicaStorage(fileSystem, '/replica', { replicaId: 'replica-1' });
  const table = storage.files.table('orders.csv', HEADER);
  const motd = storage.files.document('motd.txt');
  await storage.load();
  await storage.initialise(promises(3), FIRST);
  motd.write('Welcome\n');
  for (const { op: at } of FIRST) table.append(`${at},pizza\r\n`);
  storage.flushTables();
  await storage.checkpoint(headAt(FOURTH));
  const offer = present(storage.offer(), 'there is a checkpoint');
  const pieces = offer.files.flatMap(({ name, length }) => {
    const half = Math.ceil(length / 2);
    const bytes = (from: number, count: number) =>
      present(storage.readChunk(offer.head.base.op, name, from, count), name);
    return [
      { name, offset: 0, bytes: bytes(0, half) },
      { name, offset: half, bytes: bytes(half, length - half) },
    ].filter((piece) => piece.bytes.length > 0);
  });
  const rows = Buffer.concat(LATER.map(({ row }) => row));
  pieces.push({ name: JOURNAL_PART, offset: 0, bytes: rows });
  storage.close();
  const { op: at, chain, timeMs } = SEVENTH;
  const head: BackupHead = {
    clusterId: 'fedcba9876543210',
    members: ['replica-1', 'replica-2'],
    view: view(3),
    op: at,
    chain,
    timeMs,
    checkpoint: offer,
    journalBytes: rows.length,
  };
  return { head, pieces };
}

async function* each(pieces: readonly BackupPiece[]): AsyncGenerator<BackupPiece> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

const failure = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'it was done',
    (error: unknown) => String(error),
  );

describe('storage: backups', () => {
  let folder = '';
  const file = (): string => path.join(folder, 'backup.tar');
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-backup-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('write: what came, in a tar file that tar reads; nothing else is left', async () => {
    const { head, pieces } = await sent();
    const { manifest, entries } = await writeBackup(file(), { head, pieces: each(pieces) });
    expect(manifest).to.include({
      clusterId: head.clusterId,
      op: 7,
      view: 3,
      chain: SEVENTH.chain,
      timeMs: SEVENTH.timeMs,
    });
    expect(entries).to.deep.equal(LATER);
    expect(readdirSync(folder)).to.deep.equal(['backup.tar']);
    const { stdout } = await execa('tar', ['-xOf', file(), 'orders.csv'], { stripFinalNewline: false });
    expect(stdout).to.equal('op,item\r\n1,pizza\r\n2,pizza\r\n3,pizza\r\n4,pizza\r\n');
    const { stdout: names } = await execa('tar', ['-tf', file()]);
    expect(names.split('\n').at(-1)).to.equal('manifest.json');
    expect(await failure(writeBackup(file(), { head, pieces: each(pieces) }))).to.match(/is there already/);
  });

  it('write: what was not announced, lacks or is broken leaves no file', async () => {
    const { head, pieces } = await sent();
    const first = present(pieces[0], 'there is a piece');
    const wrong: readonly (readonly [what: RegExp, BackupPiece[], BackupHead?])[] = [
      [/out of order/, [{ ...first, offset: first.offset + 1 }, ...pieces.slice(1)]],
      [/out of order|did not send/, pieces.slice(1)],
      [/sent secret\.csv unasked/, [{ ...first, name: 'secret.csv' }]],
      [
        /is damaged|is not that of its checkpoint/,
        pieces.map((one) => ({ ...one, bytes: one.bytes.map((byte) => byte ^ 1) })),
      ],
      [
        /log is damaged|no sound backup/,
        pieces.map((one) => (one.name === JOURNAL_PART ? { ...one, bytes: one.bytes.map((byte) => byte ^ 1) } : one)),
      ],
      [/ends at op 7, not at op 8/, pieces, { ...head, op: op(8) }],
      [
        /names a file "\.\.\/replica\.json"/,
        pieces,
        {
          ...head,
          checkpoint: {
            ...present(head.checkpoint, 'there'),
            files: [{ name: '../replica.json', length: 0, hash: '', grows: true }],
          },
        },
      ],
    ];
    for (const [what, given, otherHead = head] of wrong) {
      expect(await failure(writeBackup(file(), { head: otherHead, pieces: each(given) }))).to.match(what);
      expect(readdirSync(folder), String(what)).to.deep.equal([]);
    }
  });

  it('read: every bit that turns over, and every end that is missing, is found', async () => {
    const { head, pieces } = await sent();
    await writeBackup(file(), { head, pieces: each(pieces) });
    const good = readFileSync(file());
    const bad = path.join(folder, 'bad.tar');
    let missed = 0;
    for (let at = 0; at < good.length; at += 61) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(bad, bytes);
      const source = openBackupFile(bad);
      try {
        readBackup(source);
        // Only what fills up a block, or says whose file it was, may differ without a word.
        missed++;
        expect(good[at], `byte ${at}`).to.equal(0);
      } catch (error) {
        expect(String(error)).to.match(/no sound backup/);
      } finally {
        source.close();
      }
    }
    expect(missed).to.be.lessThan(good.length / 61);
    for (const length of [0, 1, 512, 1000, good.length - 1025, good.length - 1024]) {
      writeFileSync(bad, good.subarray(0, length));
      const source = openBackupFile(bad);
      expect(() => readBackup(source), `${length} bytes`).to.throw(/no sound backup/);
      source.close();
    }
  });

  it('restore: the same state under a new cluster id, in the view after; what shipped is kept, and nothing is overwritten', async () => {
    const { head, pieces } = await sent();
    const backup = await writeBackup(file(), { head, pieces: each(pieces) });
    const source = openBackupFile(file());
    const { fileSystem } = simulated();
    fileSystem.makeFolder('/new');
    fileSystem.open('/new/motd.txt', true).write(0, Buffer.from('shipped\n'));
    expect(inTheWay(fileSystem, '/new')).to.deep.equal([]);
    await restoreFolder(fileSystem, source, backup, '/new', AS);
    const storage = openReplicaStorage(fileSystem, '/new', { replicaId: 'replica-2' });
    const table = storage.files.table('orders.csv', HEADER);
    const motd = storage.files.document('motd.txt');
    const loaded = await loadIntact(storage);
    expect(loaded.durable).to.deep.equal({ clusterId: AS.clusterId, view: 4, logView: 3, recovering: false });
    expect(loaded).to.deep.include({ entries: LATER, commit: 7, repaired: [], outbox: [] });
    expect(loaded.checkpoint).to.deep.equal(headAt(FOURTH));
    expect(motd.read()).to.equal('Welcome\n');
    expect(table.length).to.equal(HEADER.length + 4 * '1,pizza\r\n'.length);
    storage.close();
    expect(Buffer.from(fileSystem.readFile('/new/motd.txt.before-restore')).toString()).to.equal('shipped\n');
    expect(await failure(restoreFolder(fileSystem, source, backup, '/new', AS))).to.match(
      /is not empty: it holds checkpoint/,
    );
    source.close();
  });

  it('restore: one that was broken off at any point is no member, and never passes for an empty folder of the cluster', async () => {
    const { head, pieces } = await sent();
    const backup = await writeBackup(file(), { head, pieces: each(pieces) });
    const source = openBackupFile(file());
    const { fileSystem } = simulated();
    fileSystem.settle();
    let writes = 0;
    const whole = fileSystem.fork();
    whole.onOperation = () => void writes++;
    await restoreFolder(whole, source, backup, '/new', AS);
    expect(writes).to.be.greaterThan(10);
    for (let until = 1; until < writes; until++) {
      const torn = fileSystem.fork();
      let left = until;
      torn.onOperation = () => {
        if (left-- === 0) throw new Error('power');
      };
      await restoreFolder(torn, source, backup, '/new', AS).catch(() => undefined);
      torn.onOperation = () => undefined;
      torn.kill();
      const storage = openReplicaStorage(torn, '/new', { replicaId: 'replica-2' });
      const loaded = await storage.load();
      if (loaded.kind === 'intact') expect(loaded.entries).to.deep.equal(LATER);
      else if (loaded.kind === 'damaged') expect(loaded.durable).to.equal(undefined);
      storage.close();
    }
    source.close();
  });
});

import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { present } from '../../src/base/assert.js';
import { GENESIS_CHAIN, type Entry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import type { OutboxItem } from '../../src/base/service.js';
import type { OpenFile } from '../../src/ports/file-system.js';
import type { CheckpointHead, CheckpointOffer, Loaded, ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { entriesAfter, firstEntries, promises } from '../support/storage-folders.js';
import type { FileSystemUnderTest } from './file-system.js';

type Intact = Extract<Loaded, { kind: 'intact' }>;

/** Loads a storage that must be intact. */
export async function loadIntact(storage: ReplicaStorage): Promise<Intact> {
  const loaded = await storage.load();
  if (loaded.kind !== 'intact') throw new Error(`must be intact: ${JSON.stringify(loaded)}`);
  return loaded;
}

/** The head of a checkpoint at the last of some entries. */
export function headAt(entry: Entry): CheckpointHead {
  const { op: at, chain, timeMs } = entry;
  return { base: { op: at, chain, timeMs }, snapshots: { ordering: `state at ${at}` } };
}

/** An outbox item made of an entry. */
export function itemOf({ requestId, service, update, timeMs, view: inView, op: at }: Entry): OutboxItem {
  return { requestId, service, update, timeMs, view: inView, op: at };
}

/** Copies a checkpoint from one storage to another, piece by piece. */
export function transfer(from: ReplicaStorage, to: ReplicaStorage, pieceBytes = 7): CheckpointOffer {
  const offer = from.offer();
  if (offer === undefined) throw new Error('there must be a checkpoint to offer');
  to.beginStaging(new Map());
  for (const { name, length } of offer.files) {
    for (let offset = 0; offset === 0 || offset < length; offset += pieceBytes) {
      const piece = from.readChunk(offer.head.base.op, name, offset, pieceBytes);
      if (piece === undefined) throw new Error('the checkpoint must still be there');
      to.stageChunk(name, offset, piece);
    }
  }
  return offer;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const rows = (entries: readonly Entry[]): string[] => entries.map(({ row }) => text(row));

/** What every ReplicaStorage does, over any file system. */
export function replicaStorageContract(name: string, make: () => FileSystemUnderTest): void {
  describe(`replica storage: ${name}`, () => {
    let under: FileSystemUnderTest;
    let opened: ReplicaStorage[];

    const open = (folder = under.folder, segmentBytesMax?: number): ReplicaStorage => {
      const storage = openReplicaStorage(under.fileSystem, folder, { segmentBytesMax });
      opened.push(storage);
      return storage;
    };
    const close = (storage: ReplicaStorage): void => {
      opened.splice(opened.indexOf(storage), 1);
      storage.close();
    };
    const founded = async (folder = under.folder, segmentBytesMax?: number): Promise<ReplicaStorage> => {
      const storage = open(folder, segmentBytesMax);
      expect((await storage.load()).kind).to.equal('empty');
      await storage.initialise(promises(0), []);
      return storage;
    };
    const reopen = async (storage: ReplicaStorage): Promise<{ storage: ReplicaStorage; loaded: Intact }> => {
      close(storage);
      const next = open();
      return { storage: next, loaded: await loadIntact(next) };
    };

    beforeEach(() => {
      under = make();
      opened = [];
    });
    afterEach(() => {
      for (const storage of opened) storage.close();
      under.dispose();
    });

    it('is empty until it is initialised, whatever services have asked for', async () => {
      const menu = under.fileSystem.open(`${under.folder}/menu.csv`, true);
      menu.write(0, Buffer.from('item,price\r\n'));
      menu.close();
      for (let start = 0; start < 2; start++) {
        const storage = open();
        expect(storage.files.document('menu.csv').read()).to.equal('item,price\r\n');
        storage.files.table('orders.csv', 'op,item\r\n').append('1,pizza\r\n');
        expect(await storage.load()).to.deep.equal({ kind: 'empty' });
        storage.flushTables();
        close(storage);
      }
    });

    it('is refused to a second user of the folder', async () => {
      await founded();
      expect(() => open()).to.throw(/in use by process \d+/);
    });

    it('keeps promises, entries and the commit number over a restart', async () => {
      const first = await founded();
      const entries = firstEntries(5);
      await first.append(entries.slice(0, 2), op(0));
      await first.append(entries.slice(2), op(2));
      await first.append([], op(4));
      await first.persist(promises(7, 0));
      const { loaded } = await reopen(first);
      expect(loaded.durable).to.deep.equal(promises(7, 0));
      expect(loaded.entries).to.deep.equal(entries);
      expect(loaded.commit).to.equal(4);
      expect(loaded.checkpoint.base).to.deep.equal({ op: 0, chain: GENESIS_CHAIN, timeMs: 0 });
      expect(loaded.repaired).to.deep.equal([]);
    });

    it('goes on in new segments when one is full', async () => {
      const storage = await founded(under.folder, 1500);
      const entries = firstEntries(40);
      for (const entry of entries) await storage.append([entry], entry.op);
      expect(under.fileSystem.list(`${under.folder}/journal`).length).to.be.greaterThan(4);
      const { loaded } = await reopen(storage);
      expect(loaded.entries).to.deep.equal(entries);
      expect(loaded.commit).to.equal(40);
    });

    it('switches the log: cuts, adds, cuts only, extends; salvages before', async () => {
      let storage = await founded();
      const old = firstEntries(6);
      await storage.append(old, op(3));
      const newer = entriesAfter(4, old[3]?.chain ?? '', 3, 2);
      const salvaged = old.slice(4).map(itemOf);
      await storage.switchLog({ durable: promises(2), from: op(5), entries: newer, salvaged });
      const more = entriesAfter(7, newer[2]?.chain ?? '', 2, 2);
      await storage.append(more, op(7));
      let loaded: Intact;
      ({ storage, loaded } = await reopen(storage));
      expect(rows(loaded.entries)).to.deep.equal(rows([...old.slice(0, 4), ...newer, ...more]));
      expect(loaded.outbox).to.deep.equal(salvaged);
      expect(loaded.durable).to.deep.equal(promises(2));

      await storage.switchLog({ durable: promises(5), from: op(9), entries: [], salvaged: [] });
      ({ storage, loaded } = await reopen(storage));
      expect(loaded.entries.length).to.equal(8);
      const last = entriesAfter(8, more[0]?.chain ?? '', 2, 6);
      await storage.switchLog({ durable: promises(6), from: op(9), entries: last, salvaged: [] });
      await storage.settleOutbox([salvaged[0]?.requestId ?? '']);
      ({ storage, loaded } = await reopen(storage));
      expect(loaded.entries.slice(8)).to.deep.equal(last);
      expect(loaded.outbox).to.deep.equal(salvaged.slice(1));
    });

    it('adds to the outbox beside the log: an id once, whole over a restart; settling overlaps with anything', async () => {
      let storage = await founded();
      const entries = firstEntries(6);
      await storage.append(entries.slice(0, 2), op(2));
      const [a, b, c, d] = entries.slice(2).map((entry) => ({ ...itemOf(entry), op: op(0) })) as [
        OutboxItem,
        OutboxItem,
        OutboxItem,
        OutboxItem,
      ];
      await storage.appendOutbox([a, b]);
      await storage.appendOutbox([b, c]);
      let loaded: Intact;
      ({ storage, loaded } = await reopen(storage));
      expect(loaded.outbox).to.deep.equal([a, b, c]);
      expect(rows(loaded.entries)).to.deep.equal(rows(entries.slice(0, 2)));
      // The later of two writes that know nothing of each other would undo the earlier one.
      await Promise.all([
        storage.settleOutbox([a.requestId]),
        storage.appendOutbox([d]),
        storage.settleOutbox([b.requestId]),
      ]);
      ({ storage, loaded } = await reopen(storage));
      expect(loaded.outbox).to.deep.equal([c, d]);
    });

    it('serves tables from memory and file alike, and forgets rows after the checkpoint at a start', async () => {
      let storage = await founded();
      const header = 'op,item\r\n';
      let table = storage.files.table('orders.csv', header);
      const document = storage.files.document('menu.csv');
      expect(table.length).to.equal(header.length);
      expect(table.append('1,"pizza, large"\r\n')).to.equal(header.length);
      storage.flushTables();
      table.append('2,🍕\r\n');
      const whole = `${header}1,"pizza, large"\r\n2,🍕\r\n`;
      expect(text(table.read(0, table.length))).to.equal(whole);
      const part = Buffer.from(whole).subarray(header.length + 3, header.length + 21);
      expect([...table.read(header.length + 3, 18)]).to.deep.equal([...part]);
      document.write('menu 1');
      const entries = firstEntries(3);
      await storage.append(entries, op(2));
      const at = entries[1];
      if (at === undefined) throw new Error('there are three');
      const done = storage.checkpoint(headAt(at));
      table.append('3,late\r\n');
      document.write('menu 2');
      storage.flushTables();
      await done;
      let loaded: Intact;
      ({ storage, loaded } = await reopen(storage));
      expect(loaded.checkpoint).to.deep.equal(headAt(at));
      expect(loaded.entries).to.deep.equal(entries.slice(2));
      table = storage.files.table('orders.csv', header);
      expect(text(table.read(0, table.length))).to.equal(whole);
      expect(storage.files.document('menu.csv').read()).to.equal('menu 1');
      table.append('3,again\r\n');
      storage.flushTables();
      expect(text(under.fileSystem.readFile(`${under.folder}/orders.csv`))).to.equal(`${whole}3,again\r\n`);
    });

    it('shows what it holds at this moment, rows that are not flushed included, and where the log stands', async () => {
      const storage = await founded();
      const table = storage.files.table('orders.csv', 'op,item\r\n');
      storage.files.document('menu.csv').write('menu 1');
      table.append('1,pizza\r\n');
      storage.flushTables();
      table.append('2,🍕\r\n');
      const { tables, documents } = storage.content();
      const [first] = tables;
      const hash = first?.hash();
      table.append('3,later\r\n');
      const then = 'op,item\r\n1,pizza\r\n2,🍕\r\n';
      expect(first).to.include({ table, length: Buffer.byteLength(then) });
      expect(await hash).to.equal(createHash('sha256').update(then).digest('hex'));
      expect([...documents]).to.deep.equal([['menu.csv', 'menu 1']]);
      expect(text(storage.readDocument('menu.csv') ?? new Uint8Array())).to.equal('menu 1');
      expect(storage.readDocument('orders.csv')).to.equal(undefined);
      expect(storage.held()).to.deep.equal({ journalFrom: 1, checkpointOp: 0 });
      const entries = firstEntries(3);
      await storage.append(entries, op(3));
      await storage.checkpoint(headAt(entries[2] as Entry));
      expect(storage.held()).to.deep.equal({ journalFrom: 1, checkpointOp: 3 });
    });

    it('keeps two checkpoints and the journal since the older', async () => {
      const storage = await founded(under.folder, 600);
      const entries = firstEntries(40);
      for (const entry of entries) {
        await storage.append([entry], entry.op);
        if (entry.op % 10 === 0) await storage.checkpoint(headAt(entry));
      }
      expect(under.fileSystem.list(`${under.folder}/checkpoint`)).to.deep.equal(
        [30, 40].map((at) => `${at}`.padStart(16, '0')),
      );
      const segments = under.fileSystem.list(`${under.folder}/journal`).filter((file) => file.endsWith('.csv'));
      expect(Number(segments[0]?.slice(11, 27))).to.be.within(20, 31);
      const { loaded } = await reopen(storage);
      expect(loaded.checkpoint).to.deep.equal(headAt(entries[39] as Entry));
      expect(loaded.entries).to.deep.equal([]);
    });

    for (const before of ['an empty', 'a lagging', 'a damaged'] as const) {
      it(`installs a checkpoint of a peer with the log after it (${before} replica)`, async () => {
        const header = 'op,item\r\n';
        under.fileSystem.makeFolder(`${under.folder}/peer`);
        under.fileSystem.makeFolder(`${under.folder}/own`);
        const peer = await founded(`${under.folder}/peer`);
        const entries = firstEntries(9, 3);
        const table = peer.files.table('orders.csv', header);
        peer.files.table('empty.csv', header);
        peer.files.document('menu.csv').write('new menu');
        await peer.append(entries, op(6));
        for (let at = 1; at <= 6; at++) table.append(`${at},"a ""b"""\r\n`);
        const at = entries[5] as Entry;
        await peer.checkpoint(headAt(at));
        table.append('7,late\r\n');
        peer.flushTables();

        let own = await founded(`${under.folder}/own`);
        if (before !== 'an empty') await own.append(firstEntries(2, 1), op(0));
        if (before === 'a damaged') {
          close(own);
          under.fileSystem.remove(`${under.folder}/own/journal/synced`);
          own = open(`${under.folder}/own`);
          expect((await own.load()).kind).to.equal('damaged');
          await own.initialise(promises(4, 0, true), []);
        }
        const ownTable = own.files.table('orders.csv', header);
        own.files.table('empty.csv', header);
        const ownMenu = own.files.document('menu.csv');
        ownTable.append('1,other\r\n');
        own.flushTables();
        const offer = transfer(peer, own);
        expect(own.verifyStaged(offer) !== undefined).to.equal(true);
        await own.install({ durable: promises(5), offer, entries: entries.slice(6), salvaged: [] });
        const tableAtCheckpoint = text(
          table.read(0, offer.files.find((file) => file.name === 'orders.csv')?.length ?? 0),
        );
        const check = (): void => {
          expect(text(ownTable.read(0, ownTable.length))).to.equal(tableAtCheckpoint);
          expect(ownMenu.read()).to.equal('new menu');
        };
        check();
        own.flushTables();
        expect(own.inspect()).to.deep.equal([]);
        const more = entriesAfter(9, entries[8]?.chain ?? '', 2, 5);
        await own.append(more, op(9));
        close(own);
        own = open(`${under.folder}/own`);
        const loaded = await loadIntact(own);
        expect(loaded.checkpoint).to.deep.equal(headAt(at));
        expect(loaded.entries).to.deep.equal([...entries.slice(6), ...more]);
        expect(loaded.durable).to.deep.equal(promises(5));
        expect(own.offer()).to.deep.equal(offer);
        expect(
          under.fileSystem.list(`${under.folder}/own`).filter((file) => /incoming|install/.test(file)),
        ).to.deep.equal([]);
        // Rows of the log that was replaced would be read as ops of this one.
        const segments = under.fileSystem.list(`${under.folder}/own/journal`).filter((file) => file.endsWith('.csv'));
        expect(segments).to.deep.equal(['0000000005-0000000000000007.csv']);
      });
    }

    it('does not take a checkpoint that differs from its offer', async () => {
      under.fileSystem.makeFolder(`${under.folder}/peer`);
      const peer = await founded(`${under.folder}/peer`);
      const entries = firstEntries(1);
      await peer.append(entries, op(1));
      peer.files.table('orders.csv', 'op\r\n').append('1\r\n');
      await peer.checkpoint(headAt(entries[0] as Entry));
      under.fileSystem.makeFolder(`${under.folder}/own`);
      const own = await founded(`${under.folder}/own`);
      const offer = transfer(peer, own);
      own.stageChunk('orders.csv', 1, Buffer.from('x'));
      expect(own.verifyStaged(offer)).to.equal(undefined);
      expect(() => own.stageChunk('../replica.json', 0, Buffer.from(''))).to.throw(/cannot hold/);
      expect(() => own.stageChunk('replica.json', 0, Buffer.from(''))).to.throw(/cannot hold/);
      expect(own.verifyStaged(transfer(peer, own)) !== undefined).to.equal(true);
      // A newer checkpoint goes on with what is staged, cut to what is wanted of it.
      own.stageChunk(
        'orders.csv',
        offer.files.find(({ name }) => name === 'orders.csv')?.length ?? 0,
        Buffer.from('x'),
      );
      own.beginStaging(new Map([['orders.csv', 5]]));
      for (const { name, length } of offer.files) {
        const from = name === 'orders.csv' ? 5 : 0;
        own.stageChunk(name, from, peer.readChunk(op(1), name, from, length) ?? new Uint8Array());
      }
      expect(own.verifyStaged(offer)?.base.op).to.equal(op(1));
      own.beginStaging(new Map());
      expect(own.verifyStaged(offer), 'all was dropped').to.equal(undefined);
      expect(peer.readChunk(op(9), 'orders.csv', 0, 9)).to.equal(undefined);
      expect(peer.readChunk(op(1), 'other.csv', 0, 9)).to.equal(undefined);
    });

    it('begins anew after damage, and stays damaged until then', async () => {
      let storage = await founded();
      const entries = firstEntries(3);
      await storage.append(entries, op(1));
      storage.files.table('orders.csv', 'op\r\n').append('1\r\n');
      storage.flushTables();
      close(storage);
      under.fileSystem.remove(`${under.folder}/replica.json`);
      storage = open();
      const loaded = await storage.load();
      expect(loaded).to.deep.include({ kind: 'damaged', durable: undefined });
      const table = storage.files.table('orders.csv', 'op\r\n');
      expect(table.length).to.equal(4);
      await storage.persist(promises(8, 0, true));
      close(storage);
      storage = open();
      expect(await storage.load()).to.deep.include({ kind: 'damaged', durable: promises(8, 0, true) });
      const log = entriesAfter(0, GENESIS_CHAIN, 5, 9);
      await storage.initialise(promises(8, 0, true), log.slice(0, 1));
      expect(under.fileSystem.list(`${under.folder}/damaged`)).to.include.members(['journal', 'orders.csv']);
      await storage.append(log.slice(1), op(2));
      storage.files.table('orders.csv', 'op\r\n').append('1\r\n');
      storage.flushTables();
      await storage.switchLog({ durable: promises(8, 0, true), from: op(3), entries: [], salvaged: [] });
      await storage.switchLog({ durable: promises(9), from: op(3), entries: log.slice(2), salvaged: [] });
      const after = await reopen(storage);
      expect(after.loaded.entries).to.deep.equal(log);
      expect(after.loaded.durable).to.deep.equal(promises(9));
      expect(after.storage.files.table('orders.csv', 'op\r\n').length).to.equal(4);
    });

    it('sees what is done to its files from outside', async () => {
      const storage = await founded();
      const entries = firstEntries(3);
      await storage.append(entries, op(1));
      storage.files.table('orders.csv', 'op\r\n').append('1\r\n');
      storage.files.document('menu.csv').write('menu');
      storage.flushTables();
      await storage.checkpoint(headAt(entries[0] as Entry));
      expect(storage.inspect()).to.deep.equal([]);
      const segment = under.fileSystem.list(`${under.folder}/journal`).find((file) => file.endsWith('.csv')) ?? '';
      const files = ['replica.json', `journal/${segment}`, 'orders.csv'];
      files.push('checkpoint/0000000000000001/head.json');
      for (const file of files) {
        under.fileSystem.rename(`${under.folder}/${file}`, `${under.folder}/moved`);
        expect(storage.inspect()).to.deep.equal([{ file, what: 'the file is missing' }]);
        under.fileSystem.rename(`${under.folder}/moved`, `${under.folder}/${file}`);
        expect(storage.inspect(), file).to.deep.equal([]);
      }
      for (const file of files) {
        const other = under.fileSystem.open(`${under.folder}/${file}`, false);
        other.write(other.stat().bytes, Buffer.from('x'));
        other.close();
      }
      expect(storage.inspect().map(({ file }) => file)).to.have.members(files);
      for (const file of files) {
        const other = under.fileSystem.open(`${under.folder}/${file}`, false);
        other.truncate(1);
        other.close();
      }
      expect(storage.inspect().every(({ what }) => what.startsWith('the file was cut'))).to.equal(true);
    });

    it('puts right what it holds in memory', async () => {
      let storage = await founded();
      const items = firstEntries(3).map(itemOf);
      await storage.keep(items);
      storage.files.document('menu.csv').write('menu');
      storage.flushTables();
      expect(await storage.mend()).to.deep.equal([]);
      for (const file of ['outbox.csv', 'menu.csv', 'journal/synced']) {
        const whole = text(under.fileSystem.readFile(`${under.folder}/${file}`));
        under.fileSystem.remove(`${under.folder}/${file}`);
        expect(storage.inspect()).to.deep.equal([]);
        expect(await storage.mend()).to.deep.equal([{ file, what: 'the file is missing' }]);
        const again = text(under.fileSystem.readFile(`${under.folder}/${file}`));
        expect(again.replace(/"(sequence|checksum)":[^,}]+|\s/g, '')).to.equal(
          whole.replace(/"(sequence|checksum)":[^,}]+|\s/g, ''),
        );
        expect(await storage.mend()).to.deep.equal([]);
      }
      const { storage: next, loaded } = await reopen(storage);
      storage = next;
      expect(loaded.outbox).to.deep.equal(items);
    });

    it('puts the mark of the journal right when it was deleted or replaced just before it is fsynced', async () => {
      const storage = await founded();
      const mark = `${under.folder}/journal/synced`;
      const entries = firstEntries(2);
      const other = `${under.folder}/other`;
      for (const [index, isReplaced] of [false, true].entries()) {
        const entry = present(entries[index], 'there are two');
        await storage.append([entry], entry.op);
        under.fileSystem.open(other, true).close();
        if (isReplaced) under.fileSystem.rename(other, mark);
        else under.fileSystem.remove(mark);
        // A checkpoint makes the mark durable first.
        await storage.checkpoint(headAt(entry));
        expect(await storage.mend()).to.deep.equal([
          { file: 'journal/synced', what: 'it was deleted while it was in use' },
        ]);
        expect(await storage.mend()).to.deep.equal([]);
      }
      const { loaded } = await reopen(storage);
      expect(loaded.repaired).to.deep.equal([]);
      expect(loaded.commit).to.equal(2);
    });

    it('puts the mark of the journal right whatever is done to it, and goes on writing to it', async () => {
      let storage = await founded();
      const mark = `${under.folder}/journal/synced`;
      const entries = firstEntries(6);
      const append = (from: number): Promise<void> => storage.append(entries.slice(from, from + 1), op(from));
      await append(0);
      const change = (run: (file: OpenFile) => void): void => {
        const other = under.fileSystem.open(mark, false);
        run(other);
        other.close();
      };
      const told: string[] = [];
      const harms: (() => void)[] = [
        () => under.fileSystem.remove(mark),
        () => change((file) => file.truncate(0)),
        () => change((file) => file.write(0, Buffer.from('{'))),
        () => change((file) => file.write(2_000, Buffer.from('x'))),
      ];
      for (const [index, harm] of harms.entries()) {
        harm();
        expect(storage.inspect()).to.deep.equal([]);
        // A write that comes before the look must not be lost, nor fail.
        if (index % 2 === 1) await append(1 + (index >> 1));
        for (const { file, what } of await storage.mend()) told.push(`${file}: ${what}`);
        expect(await storage.mend()).to.deep.equal([]);
      }
      expect(told).to.have.length(harms.length);
      for (const line of told) expect(line).to.match(/^journal\/synced: /);
      await append(3);
      const { storage: next, loaded } = await reopen(storage);
      storage = next;
      expect(loaded.entries).to.have.length(4);
      expect(loaded.repaired).to.deep.equal([]);
    });

    it('settles and adds at once without losing either', async () => {
      const storage = await founded();
      const entries = firstEntries(6);
      const items = entries.map(itemOf);
      await storage.append(entries, op(1));
      await storage.keep(items.slice(0, 2));
      await Promise.all([
        storage.settleOutbox([items[0]?.requestId ?? '']),
        storage.switchLog({ durable: promises(1), from: op(3), entries: [], salvaged: items.slice(2) }),
        storage.settleOutbox([items[1]?.requestId ?? '']),
      ]);
      expect((await reopen(storage)).loaded.outbox).to.deep.equal(items.slice(2));
    });

    it('is refused to another replica than the one that it names, and names its own', async () => {
      const own = openReplicaStorage(under.fileSystem, under.folder, { replicaId: 'replica-1' });
      await own.load();
      await own.initialise(promises(0), []);
      own.close();
      const other = openReplicaStorage(under.fileSystem, under.folder, { replicaId: 'replica-2' });
      opened.push(other);
      let refused: unknown;
      await other.load().catch((error: unknown) => (refused = error));
      expect(String(refused)).to.match(/that of replica-1 .* not of replica-2/);
      close(other);
      const again = openReplicaStorage(under.fileSystem, under.folder, { replicaId: 'replica-1' });
      opened.push(again);
      await loadIntact(again);
    });

    it('never lets a promise fall', async () => {
      const storage = await founded();
      await storage.persist(promises(5, 3));
      for (const smaller of [promises(4, 3), promises(5, 2), { ...promises(5), logView: view(6) }]) {
        let refused: unknown;
        await storage.persist(smaller).catch((error: unknown) => (refused = error));
        expect(refused)
          .to.be.an('error')
          .with.property('message')
          .that.matches(/never falls|at most/);
      }
    });
  });
}

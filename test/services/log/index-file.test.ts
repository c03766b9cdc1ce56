import { expect } from 'chai';
import { DamagedFileError } from '../../../src/base/service.js';
import { MessageLog } from '../../../src/services/log/message-log.js';
import { IndexedFiles } from '../../support/indexed-files.js';
import type { MemoryFiles } from '../../support/memory-files.js';
import { Driver, everything, keyIn, requestIdOf } from './log-driver.js';

const MESSAGES = 3_000;
/** Messages that make a frame here. */
const FRAME = 250;

/** A log of many messages, begun as a start of a new replica begins it. */
function driven(messages = MESSAGES, word = 'message', frame = FRAME): { driver: Driver; files: IndexedFiles } {
  const files = new IndexedFiles();
  const driver = new Driver(files);
  driver.log = new MessageLog(files, { indexFrameRecords: frame });
  driver.log.restore('');
  for (let number = 0; number < messages; number++) {
    driver.append(requestIdOf(number), `${word} ${number} é\n`);
    if (number % 7 === 0) driver.commit();
  }
  return { driver: driver.commit(), files };
}

/** A log restored from these files, and how many bytes of the table that took. */
function restored(files: MemoryFiles, snapshot: string): { log: MessageLog; bytesRead: number } {
  const log = new MessageLog(files, { indexFrameRecords: FRAME });
  let bytesRead = 0;
  for (const table of files.tables.values()) {
    const read = table.read.bind(table);
    table.read = (offset, length) => {
      bytesRead += length;
      return read(offset, length);
    };
  }
  log.restore(snapshot);
  return { log, bytesRead };
}

function expectSame(log: MessageLog, { driver }: { driver: Driver }): void {
  expect(everything(log)).to.deep.equal(everything(driver.log));
  expect(log.snapshot()).to.equal(driver.log.snapshot());
  for (let number = 0; number < MESSAGES; number += 97)
    expect(log.opOf(requestIdOf(number))).to.equal(driver.log.opOf(requestIdOf(number)));
}

describe('message log: index file', function () {
  this.timeout(60_000);
  let whole: { driver: Driver; files: IndexedFiles };
  let snapshot: string;
  let all: number;

  before(() => {
    whole = driven();
    snapshot = whole.driver.log.snapshot();
    all = restored(whole.files.copy(), snapshot).bytesRead;
  });

  it('restore: is the same as from the table, reads little of it, and goes on alike', () => {
    const { log, bytesRead } = restored(whole.files.left(), snapshot);
    expect(bytesRead).to.be.lessThan(all / 10);
    expectSame(log, whole);
    const next = new Driver(whole.files.left()).follow(whole.driver);
    next.log = log;
    expect(next.append(requestIdOf(17), 'message 17 é\n').execution).to.include({ kind: 'known' });
    expect(keyIn(next.append(requestIdOf(MESSAGES), 'one more').reply)).to.equal(MESSAGES);
  });

  it('restore: writes an index where there was none, and uses it the next time', () => {
    const without = whole.files.left(new Uint8Array(0));
    expectSame(restored(without, snapshot).log, whole);
    const { log, bytesRead } = restored(without.left(), snapshot);
    expectSame(log, whole);
    expect(bytesRead).to.be.lessThan(all / 10);
  });

  for (const [what, change] of [
    ['a bit has turned over in the first frame', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(500) ^ 4, 500)],
    ['a bit has turned over in its size', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(8) ^ 1, 8)],
    ['a bit has turned over in its place', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(25) ^ 1, 25)],
    ['it is none', (bytes: Buffer) => bytes.fill('a')],
  ] as const)
    it(`restore: reads the table when the index cannot be believed (${what})`, () => {
      const bytes = Buffer.from(whole.files.bytes);
      change(bytes);
      const left = whole.files.left(bytes);
      expectSame(restored(left, snapshot).log, whole);
      expectSame(restored(left.left(), snapshot).log, whole);
    });

  it('restore: takes what is whole of an index that is torn, at any byte', () => {
    const { bytes } = whole.files;
    for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 15)) {
      const left = whole.files.left(bytes.slice(0, length));
      expectSame(restored(left, snapshot).log, whole);
      expectSame(restored(left.left(), snapshot).log, whole);
    }
  });

  it('restore: goes no further than the snapshot (table cut to an older checkpoint)', () => {
    const early = driven(MESSAGES / 3);
    const { log } = restored(early.files.left(whole.files.bytes), early.driver.log.snapshot());
    expect(everything(log)).to.deep.equal(everything(early.driver.log));
    for (const entry of whole.driver.entries.slice(MESSAGES / 3)) log.commit(entry);
    expectSame(log, whole);
  });

  it('restore: does not take the index of other messages', () => {
    const other = driven(MESSAGES * 2, 'another, longer message');
    const { log } = restored(other.files.left(whole.files.bytes), other.driver.log.snapshot());
    expect(everything(log)).to.deep.equal(everything(other.driver.log));
  });

  it('restore: finds damage of the table behind the index and before it, with its row or key', () => {
    const changed = (find: string, replace: string): IndexedFiles => {
      const left = whole.files.left();
      const table = left.tables.get('messages.csv');
      table?.replace((table.text() ?? '').replace(find, replace));
      return left;
    };
    // The last message of a frame is looked at: it does not fit, so all rows are read.
    const last = whole.driver.entries.length - 1;
    const gone = changed(`\r\n${last + 3},${last},`, `\r\n${last + 3},${last + 1},`);
    expect(() => restored(gone, snapshot)).to.throw(
      DamagedFileError,
      `row ${MESSAGES + 1}: key ${MESSAGES} stands where`,
    );
    // What the index spares the start is read when it is asked for, and never answered when it is wrong.
    const early = restored(changed('\r\n8,5,', '\r\n8,6,'), snapshot).log;
    expect(() => everything(early)).to.throw(DamagedFileError, 'where message 5 was written stands 6');
  });
});

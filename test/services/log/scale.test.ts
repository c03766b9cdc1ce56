import { expect } from 'chai';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageLog } from '../../../src/services/log/message-log.js';
import { MESSAGES_HEADER, rowOfMessage } from '../../../src/services/log/messages-table.js';
import { IndexedFiles } from '../../support/indexed-files.js';
import { list, requestIdOf, START_MS } from './log-driver.js';

const MESSAGES = 1_000_000;
const BYTES_PER_MESSAGE_MAX = 40;
/** Many times what it takes here, so that a slow machine passes and an accident does not. */
const RESTORE_MS_MAX = 60_000;
const PAGE_MICROSECONDS_MAX = 100_000;

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe('message log: scale', () => {
  it('a million messages: little memory, back soon, and found at once', function () {
    this.timeout(300_000);
    const files = new IndexedFiles();
    const table = files.table('messages.csv', MESSAGES_HEADER);
    const time = new Date(START_MS).toISOString();
    for (let key = 0; key < MESSAGES; key++)
      table.append(rowOfMessage({ op: key + 3, key, requestId: requestIdOf(key), time, value: `message ${key}` }));
    const log = new MessageLog(files);
    const before = usedBytes();
    const start = performance.now();
    log.restore(JSON.stringify({ format: 1, messages: MESSAGES, lastOp: MESSAGES + 2 }));
    const restoreMs = performance.now() - start;
    // The index file is in memory here alone.
    const bytesPerMessage = (usedBytes() - before - files.bytes.length) / MESSAGES;
    const again = new MessageLog(files);
    const againStart = performance.now();
    again.restore(log.snapshot());
    const againMs = performance.now() - againStart;
    expect(again.hasCommitted(requestIdOf(MESSAGES / 2))).to.equal(true);
    const pageStart = performance.now();
    for (let page = 0; page < 100; page++)
      expect(list(log, page * 9_000, 100).messages.at(-1)?.value).to.equal(`message ${page * 9_000 + 99}`);
    const pageMicroseconds = (performance.now() - pageStart) * 10;
    console.log(
      `      ${bytesPerMessage.toFixed(0)} bytes a message; ${(table.length / 1e6).toFixed(0)} MB restored in ` +
        `${restoreMs.toFixed(0)} ms, with its index file in ${againMs.toFixed(0)} ms; a page of 100 in ${pageMicroseconds.toFixed(0)} µs`,
    );
    expect(log.hasCommitted(requestIdOf(MESSAGES - 1))).to.equal(true);
    expect(bytesPerMessage).to.be.below(BYTES_PER_MESSAGE_MAX);
    expect(restoreMs).to.be.below(RESTORE_MS_MAX);
    expect(againMs, 'the index file spares most of it').to.be.below(restoreMs);
    expect(pageMicroseconds).to.be.below(PAGE_MICROSECONDS_MAX);
  });
});

import { expect } from 'chai';
import { DamagedFileError } from '../../src/base/service.js';
import { KnownRequests, REQUESTS_HEADER } from '../../src/services/known-requests.js';
import { MemoryFiles } from '../support/memory-files.js';

const FILE = 'log-requests.csv';
const idOf = (number: number): string => `018f0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
const requestOf = (op: number) => ({ op, content: `hash ${op}`, answer: `{"key":${op},"text":"a, ""b"""}` });

describe('known requests', () => {
  it('finds what was committed, word for word, also after a restart', () => {
    const files = new MemoryFiles();
    const requests = new KnownRequests(files, FILE);
    for (let op = 3; op < 300; op += 2) requests.commit(idOf(op), requestOf(op));
    const again = new KnownRequests(files, FILE);
    again.scan();
    for (const known of [requests, again]) {
      expect(known.count).to.equal(149);
      expect(known.find(idOf(3))).to.deep.equal(requestOf(3));
      expect(known.find(idOf(151))).to.deep.equal(requestOf(151));
      expect(known.find(idOf(299))).to.deep.equal(requestOf(299));
      expect(known.find(idOf(4))).to.equal(undefined);
      expect(known.opOf(idOf(5))).to.equal(5);
      expect(known.hasCommitted(idOf(6))).to.equal(false);
    }
  });

  it('what is not committed is found until it is dropped, and is not in committed state', () => {
    const requests = new KnownRequests(new MemoryFiles(), FILE);
    requests.speculate(idOf(1), requestOf(3));
    requests.speculate(idOf(2), requestOf(4));
    requests.commit(idOf(1), requestOf(3));
    expect(requests.find(idOf(2))).to.deep.equal(requestOf(4));
    expect(requests.hasCommitted(idOf(2))).to.equal(false);
    requests.dropSpeculation();
    expect(requests.find(idOf(2))).to.equal(undefined);
    expect(requests.find(idOf(1))).to.deep.equal(requestOf(3));
  });

  it('a table that does not agree with itself is damaged', () => {
    const rows = [`3,${idOf(1)},x,y`, `3,${idOf(2)},x,y`];
    for (const [twice, why] of [
      [rows, /op 3 follows op 3/],
      [[rows[0], `4,${idOf(1)},x,y`], /stands there twice/],
    ] as const) {
      const files = new MemoryFiles();
      files.table(FILE, REQUESTS_HEADER).append(twice.map((row) => `${row}\r\n`).join(''));
      expect(() => new KnownRequests(files, FILE).scan()).to.throw(DamagedFileError, why);
    }
  });
});

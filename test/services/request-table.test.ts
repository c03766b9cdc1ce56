import { expect } from 'chai';
import { AHEAD_MS_MAX, REMEMBERED_MS_MIN, RequestTable } from '../../src/services/request-table.js';
import { requestIdOf, START_MS } from './ordering/ordering-driver.js';

const remembered = (op: number, timeMs: number) => ({ op, timeMs, content: `content ${op}`, answer: op });

describe('request table', () => {
  it('forgets only what is older than 24 h and above the count (rule 11)', () => {
    const table = new RequestTable<number>(2);
    const late = START_MS + REMEMBERED_MS_MIN;
    table.commit(requestIdOf(1), remembered(1, START_MS));
    table.commit(requestIdOf(2), remembered(2, START_MS + 1));
    table.commit(requestIdOf(3, late), remembered(3, late));
    expect(table.count, 'just 24 h old').to.equal(3);
    table.commit(requestIdOf(4, late), remembered(4, late + 1));
    expect(table.count, 'the first is older than 24 h').to.equal(3);
    expect(table.find(requestIdOf(1))).to.equal(undefined);
    expect(table.horizonMs).to.equal(START_MS);
    table.commit(requestIdOf(5, late), remembered(5, late + REMEMBERED_MS_MIN * 2));
    expect(table.count, 'two are kept however old').to.equal(2);
  });

  it('refuses by name what it may have forgotten, and what lies ahead', () => {
    const table = new RequestTable<number>(0);
    const late = START_MS + 2 * REMEMBERED_MS_MIN;
    expect(table.refusalOf(requestIdOf(9, 1), START_MS)).to.equal(undefined);
    table.commit(requestIdOf(1), remembered(1, START_MS));
    table.commit(requestIdOf(2, late), remembered(2, late));
    expect(table.refusalOf(requestIdOf(1), late)?.reason).to.equal('REQUEST_TOO_OLD');
    expect(table.refusalOf(requestIdOf(9), late)?.reason).to.equal('REQUEST_TOO_OLD');
    expect(table.refusalOf(requestIdOf(9, START_MS + 1), late)).to.equal(undefined);
    expect(table.refusalOf(requestIdOf(9, late + AHEAD_MS_MAX), late)).to.equal(undefined);
    expect(table.refusalOf(requestIdOf(9, late + AHEAD_MS_MAX + 1), late)?.reason).to.equal('REQUEST_IN_FUTURE');
  });

  it('speculation: is found, folded and dropped', () => {
    const table = new RequestTable<number>();
    table.speculate(requestIdOf(1), remembered(1, START_MS));
    table.speculate(requestIdOf(2), remembered(2, START_MS));
    expect(table.find(requestIdOf(1))?.answer).to.equal(1);
    expect(table.hasCommitted(requestIdOf(1))).to.equal(false);
    table.commit(requestIdOf(1), remembered(1, START_MS));
    table.dropSpeculation();
    expect(table.find(requestIdOf(1))?.answer).to.equal(1);
    expect(table.find(requestIdOf(2))).to.equal(undefined);
  });

  it('snapshot: gives the same table, horizon and order of forgetting included', () => {
    const table = new RequestTable<number>(1);
    const late = START_MS + 2 * REMEMBERED_MS_MIN;
    table.commit(requestIdOf(1), remembered(1, START_MS));
    table.commit(requestIdOf(2, late), remembered(2, late));
    table.commit(requestIdOf(3, late), remembered(3, late));
    const copy = new RequestTable<number>(1);
    copy.restore(JSON.parse(JSON.stringify(table.snapshot())));
    expect(copy.snapshot()).to.deep.equal(table.snapshot());
    for (const each of [table, copy]) each.commit(requestIdOf(4, late * 2), remembered(4, late * 2));
    expect(copy.snapshot()).to.deep.equal(table.snapshot());
    expect(copy.horizonMs).to.equal(late);
  });
});

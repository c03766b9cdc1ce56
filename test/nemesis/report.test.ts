import { expect } from 'chai';
import { Prng } from '../simulation/prng.js';
import { History, type OrderCall } from '../support/history.js';
import { FAULT_KINDS, isOfDisk, KindBag } from './kinds.js';
import { reportOf } from './report.js';

const acknowledged = (id: number, endMs: number): OrderCall => ({
  client: 'one',
  beginMs: endMs - 1,
  endMs,
  order: { order_id: String(id), user_code: 'ann', lines: [], post_code: '' },
  isRepeat: false,
  outcome: { kind: 'ok', answer: {} } as unknown as OrderCall['outcome'],
});

describe('nemesis: report', () => {
  const report = (problems: readonly string[] = []) => {
    const history = new History();
    // A repeat of the first order fills no gap.
    const ends = [100, 200, 900, 1_000, 1_500, 3_000];
    history.orders.push(...ends.map((endMs, id) => acknowledged(id, endMs)), acknowledged(0, 600));
    const records = [
      { kind: 'killPrimary', beginMs: 250, endMs: 950 },
      { kind: 'wipe', beginMs: 1_100, endMs: 1_600 },
      { kind: 'killPrimary', beginMs: 2_900, endMs: 3_000 },
    ];
    const log = [300, 1_200, 1_900, 2_950].map((atMs) => ({
      time: performance.timeOrigin + atMs,
      kind: 'becamePrimary',
    }));
    return reportOf({ seed: 1, beginMs: 0, endMs: 4_000, history, records, problems, deaths: 2, log });
  };

  it('outages: the longest time without a new order that a fault was part of, by kind', () => {
    const { kinds } = report();
    expect(kinds.map(({ kind, count, longestOutageMs }) => [kind, count, longestOutageMs])).to.deep.equal([
      // The last gap began while the wiped one came back, and ended with the second kill.
      ['killPrimary', 2, 1_500],
      ['wipe', 1, 1_500],
    ]);
  });

  it('views: those that began until the next fault', () => {
    const { kinds } = report();
    expect(kinds.map(({ kind, views, viewsMax }) => [kind, views, viewsMax])).to.deep.equal([
      ['killPrimary', 2, 1],
      ['wipe', 2, 2],
    ]);
  });

  it('verdict: orders are counted once, problems by what they are', () => {
    const {
      acknowledged: count,
      lost,
      duplicated,
      stale,
      problems,
    } = report([
      'LOST: order x',
      'DUPLICATED: order y',
      'STALE: a read',
      'NOT LINEARIZABLE: the motd',
      'menu.csv: line 3 differs',
    ]);
    expect([count, lost, duplicated, stale, problems.length]).to.deep.equal([6, 1, 1, 2, 5]);
  });
});

describe('nemesis: kinds', () => {
  it('every kind comes once before any comes again; the same seed gives the same order', () => {
    const [bag, same] = [new KindBag(new Prng(7)), new KindBag(new Prng(7))];
    const drawn = FAULT_KINDS.map(() => bag.next());
    expect(new Set(drawn)).to.have.property('size', FAULT_KINDS.length);
    expect(FAULT_KINDS.map(() => same.next())).to.deep.equal(drawn);
  });

  it('what does not fit stays for later; nothing comes where nothing fits', () => {
    const bag = new KindBag(new Prng(7), ['wipe', 'killPrimary']);
    expect(bag.next((kind) => !isOfDisk(kind))).to.equal('killPrimary');
    expect(bag.next()).to.equal('wipe');
    expect(new KindBag(new Prng(7), ['wipe']).next((kind) => !isOfDisk(kind))).to.equal(undefined);
  });
});

import { expect } from 'chai';
import { PAGE_WORK_MAX } from '../../../src/services/tuples/limits.js';
import { searchPage } from '../../../src/services/tuples/page.js';
import { compileSearch, type Search } from '../../../src/services/tuples/search.js';
import { TupleStore } from '../../../src/services/tuples/tuple-store.js';

const COUNT = 100_000;

function searchOf(keys: readonly string[]): Search {
  const compiled = compileSearch(keys, undefined);
  if (compiled.kind === 'none') throw new Error(compiled.problem.reason);
  return compiled.search;
}

/** All pages of a search: what they found, and the work of the one that did most. */
function allPages(store: TupleStore, keys: readonly string[]): { found: string[]; pages: number; workMax: number } {
  const found: string[] = [];
  let after = 0;
  let pages = 0;
  let workMax = 0;
  do {
    const search = searchOf(keys);
    const page = searchPage(store, search, { after, limit: 1000 });
    found.push(...page.found.map(({ key }) => key));
    workMax = Math.max(workMax, search.work);
    after = page.next;
    pages++;
  } while (after !== 0);
  return { found, pages, workMax };
}

describe('the tuple space with 100,000 pairs', function () {
  this.timeout(60_000);
  const store = new TupleStore();
  before(() => {
    for (let number = 0; number < COUNT; number++) store.add(`user ${number}`, `v${number % 7}`);
  });

  it('an exact key is looked up, not searched for', () => {
    const search = searchOf(['user', '99999']);
    const { found, next } = searchPage(store, search, { after: 0, limit: 10 });
    expect(found).to.deep.equal([{ serial: COUNT, key: 'user 99999', value: 'v4' }]);
    expect(next).to.equal(0);
    expect(search.work).to.be.below(5);
  });

  it('a search does a bounded work per page and finds everything once', () => {
    const { found, pages, workMax } = allPages(store, ['user', '9999.?']);
    expect(found).to.have.members(
      [9999, ...Array.from({ length: 10 }, (_, digit) => 99990 + digit)].map((n) => `user ${n}`),
    );
    expect(pages).to.be.above(10);
    expect(workMax).to.be.at.most(PAGE_WORK_MAX);
  });

  it('a costly pattern gets smaller pages', () => {
    const cheap = searchPage(store, searchOf(['user', '[0-9]+x']), { after: 0, limit: 1000 });
    const costly = searchPage(store, searchOf(['user', '(?:[0-9]*1[0-9]{0,30}){10}x']), { after: 0, limit: 1000 });
    expect(cheap.next).to.be.above(1000);
    expect(costly.next).to.be.within(1, cheap.next / 5);
  });

  it('no page does more than its work, not even with the largest patterns and tuples', () => {
    const wide = new TupleStore();
    const element = 'ab'.repeat(32);
    const tuple = Array.from({ length: 16 }, () => element).join(' ');
    for (let number = 0; number < 200; number++)
      wide.add(`${String(number).padStart(64, 'x')} ${tuple.slice(65)}`, tuple);
    const searches: (readonly string[])[] = [
      ['a?'.repeat(500)],
      ['.*', ...Array.from({ length: 15 }, () => '[ab]{33,}')],
      Array.from({ length: 16 }, () => '(?:.?a?){15}.'),
      Array.from({ length: 16 }, (_, place) => (place === 0 ? '.*' : 'c')),
    ];
    for (const keys of searches) {
      const { workMax, pages } = allPages(wide, keys);
      expect(workMax, keys[0]).to.be.within(1, PAGE_WORK_MAX);
      expect(pages, keys[0]).to.be.below(201);
    }
    // Where no tuple has as many elements, taking them apart is work as well.
    const apart = searchOf(['.*']);
    searchPage(wide, apart, { after: 0, limit: 1000 });
    expect(apart.work).to.be.above(200 * 8);
  });

  it('pages go on where pairs were removed, and memory of those is given back', () => {
    const other = new TupleStore();
    for (let round = 0; round < 5; round++) {
      for (let number = 0; number < 3000; number++) other.add(`k${number}`, 'v');
      for (let number = 0; number < 3000; number++) if (round < 4 || number % 2 === 0) other.remove(`k${number}`);
    }
    expect(other.count).to.equal(1500);
    expect(other.lastSerial).to.equal(15_000);
    const { found } = allPages(other, ['k[0-9]+']);
    expect(found).to.deep.equal(Array.from({ length: 1500 }, (_, index) => `k${2 * index + 1}`));
    expect([...other.behind(14_996)].map(({ serial }) => serial)).to.deep.equal([14_998, 15_000]);
  });
});

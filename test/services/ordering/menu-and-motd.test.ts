import { expect } from 'chai';
import { op } from '../../../src/base/numbers.js';
import { InvalidFileError } from '../../../src/services/ordering/menu-file.js';
import { Ordering } from '../../../src/services/ordering/ordering.js';
import type { MenuItem, SetMenu } from '../../../src/services/ordering/requests.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { ask, Driver, MENU_CSV, orderIdOf, reasonIn, requestIdOf, soupOrder, START_MS } from './ordering-driver.js';

const pie: MenuItem = {
  item: 'Pie',
  pricePence: 900,
  category: '',
  description: 'a, "b"',
  allergens: ['Milk'],
  stock: 4,
};
const setPie = (changes: Partial<SetMenu> = {}): SetMenu => ({ kind: 'setMenu', items: [pie], ...changes });
const body = (value: unknown) => ({ kind: 'done', body: value });

describe('menu and motd', () => {
  it('setMenu: replaces all, stock as given, and counts versions', () => {
    const driver = new Driver().found();
    expect(driver.request(requestIdOf(1), setPie()).reply).to.deep.equal(body({ menuVersion: 2 }));
    expect(driver.request(requestIdOf(2), setPie()).reply).to.deep.equal(body({ menuVersion: 3 }));
    expect(driver.ask({ kind: 'getMenu' }).menuVersion).to.equal(1);
    driver.commit();
    expect(driver.ask({ kind: 'getMenu' })).to.deep.equal({ items: [pie], menuVersion: 3 });
    expect(driver.files.documents.get('menu.csv')).to.equal(
      'item,price,category,description,allergens,stock\r\nPie,9.00,,"a, ""b""",Milk,4\r\n',
    );
  });

  it('setMenu: the new prices hold at once, the old ones are refused', () => {
    const driver = new Driver().found();
    driver.request(requestIdOf(1), setPie({ items: [{ ...pie, item: 'Tomato Soup', pricePence: 500 }] }));
    expect(reasonIn(driver.request(orderIdOf(1), soupOrder(1)).reply)).to.equal('PRICE_CHANGED');
    const lines = [{ item: 'Fish Pie', quantity: 1, pricePence: 1195 }];
    expect(reasonIn(driver.request(orderIdOf(2), soupOrder(2, { lines })).reply)).to.equal('UNKNOWN_ITEM');
  });

  it('setMenu: refuses when another version was expected; a sale does not change it', () => {
    const driver = new Driver().found();
    driver.request(orderIdOf(1), soupOrder(1, { lines: [{ item: 'Fish Pie', quantity: 1, pricePence: 1195 }] }));
    expect(driver.request(requestIdOf(1), setPie({ expectedVersion: 1 })).reply.kind).to.equal('done');
    const { reply } = driver.request(requestIdOf(2), setPie({ expectedVersion: 1 }));
    expect(reasonIn(reply)).to.equal('MENU_VERSION_CHANGED');
    driver.commit();
    expect(driver.request(requestIdOf(2), setPie({ expectedVersion: 1 })).reply).to.deep.equal(reply);
  });

  it('versions: rise by one, however far the commits lag behind', () => {
    for (const lag of [0, 1, 2, 9]) {
      const driver = new Driver().found();
      for (let number = 1; number < 6; number++) {
        const menu = driver.request(requestIdOf(number), setPie()).reply;
        const motd = driver.request(requestIdOf(number + 10), { kind: 'setMotd', motd: `${number}` }).reply;
        expect([menu, motd]).to.deep.equal([body({ menuVersion: number + 1 }), body({ motdVersion: number + 1 })]);
        driver.commit(driver.entries.length - lag);
      }
    }
  });

  it('setMotd: replaces the text byte for byte and counts versions', () => {
    const driver = new Driver().found();
    const motd = 'Hello, "you"\nand 🍕\r\n';
    expect(driver.request(requestIdOf(1), { kind: 'setMotd', motd }).reply).to.deep.equal(body({ motdVersion: 2 }));
    driver.commit();
    expect(driver.ask({ kind: 'getMotd' })).to.deep.equal({ motd, motdVersion: 2 });
    expect(driver.files.documents.get('motd.txt')).to.equal(motd);
  });

  for (const isCommitted of [false, true])
    it(`repeat: same answer, other content refused (${isCommitted ? 'committed' : 'speculative'})`, () => {
      const driver = new Driver().found();
      const menu = driver.request(requestIdOf(1), setPie());
      const motd = driver.request(requestIdOf(2), { kind: 'setMotd', motd: 'a' });
      driver.request(requestIdOf(3), setPie());
      if (isCommitted) driver.commit();
      expect(driver.request(requestIdOf(1), setPie()).execution).to.deep.equal({
        kind: 'known',
        op: 2,
        reply: menu.reply,
      });
      expect(driver.request(requestIdOf(2), { kind: 'setMotd', motd: 'a' }).reply).to.deep.equal(motd.reply);
      expect(reasonIn(driver.request(requestIdOf(2), { kind: 'setMotd', motd: 'b' }).reply)).to.equal('ID_REUSED');
      expect(reasonIn(driver.request(requestIdOf(1), setPie({ items: [] })).reply)).to.equal('ID_REUSED');
    });

  it('requests: more than 5 minutes ahead are refused and not remembered', () => {
    const driver = new Driver().found();
    const ahead = requestIdOf(1, START_MS + 10 * 60 * 1000);
    for (const request of [setPie(), { kind: 'setMotd', motd: 'a' } as const]) {
      const { execution, reply } = driver.request(ahead, request);
      expect(execution.kind).to.equal('refused');
      expect(reasonIn(reply)).to.equal('REQUEST_IN_FUTURE');
    }
  });
});

describe('founding', () => {
  it('takes menu and motd of the first replica', () => {
    const driver = new Driver().found();
    const { items, menuVersion } = driver.ask({ kind: 'getMenu' });
    expect(menuVersion).to.equal(1);
    expect(items.map(({ item, pricePence, allergens, stock }) => [item, pricePence, allergens, stock])).to.deep.equal([
      ['Tomato Soup', 450, ['Celery', 'Gluten'], undefined],
      ['Fish Pie', 1195, ['Fish', 'Milk'], 5],
      ['Crumble', 525, [], 2],
    ]);
    expect(driver.ask({ kind: 'getMotd' })).to.deep.equal({ motd: 'Welcome', motdVersion: 1 });
  });

  it('tells which documents said something else, and makes all folders equal', () => {
    const first = new Driver().found();
    const [entry] = first.entries;
    if (entry === undefined) throw new Error('there is no founding entry');
    const cases: readonly (readonly [Record<string, string>, string[]])[] = [
      [{ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' }, []],
      [{ 'menu.csv': `\ufeff${MENU_CSV.replaceAll('\n', '\r\n')}`, 'motd.txt': '\ufeffWelcome' }, []],
      [{}, []],
      [{ 'menu.csv': MENU_CSV.replace('4.50', '4.60'), 'motd.txt': 'Welcome' }, ['menu.csv']],
      [{ 'menu.csv': 'nonsense', 'motd.txt': 'Hello' }, ['menu.csv', 'motd.txt']],
    ];
    for (const [documents, replaced] of cases) {
      const files = new MemoryFiles(documents);
      expect(new Ordering(files).found(entry.update, entry)).to.deep.equal(replaced);
      expect(files.contents()).to.deep.equal(first.files.contents());
    }
  });

  it('refuses a menu or motd that cannot be taken, by row and column', () => {
    const seedOf = (documents: Record<string, string>) => new Ordering(new MemoryFiles(documents)).foundingSeed();
    expect(() => seedOf({ 'menu.csv': 'item,price\nSoup,free' })).to.throw(InvalidFileError, 'row 2, column price');
    expect(() => seedOf({ 'motd.txt': '\u0007' })).to.throw(InvalidFileError, 'motd.txt');
  });

  it('happens once', () => {
    const driver = new Driver().found();
    const [entry] = driver.entries;
    if (entry === undefined) throw new Error('there is no founding entry');
    expect(() => driver.ordering.found(entry.update, { ...entry, op: op(2) })).to.throw('founded once');
    expect(ask(new Ordering(new MemoryFiles()), { kind: 'counts' }).menuVersion).to.equal(0);
  });
});

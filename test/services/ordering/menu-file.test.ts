import { expect } from 'chai';
import fc from 'fast-check';
import { InvalidFileError, parseMenu, parseMotd } from '../../../src/services/ordering/menu-file.js';
import { Menu } from '../../../src/services/ordering/menu.js';
import { penceOfPounds, poundsOfPence } from '../../../src/services/ordering/money.js';
import { menuProblem } from '../../../src/services/ordering/validation.js';

const SOUP = {
  item: 'Soup',
  pricePence: 450,
  category: 'Starters',
  description: 'hot, thick',
  allergens: ['Celery', 'Milk'],
};

describe('menu.csv', () => {
  it('reads what people write: BOM, LF, CR LF, blanks, empty rows, any order of columns', () => {
    const lf =
      'item,price,category,description,allergens,stock\nSoup,4.50,Starters,"hot, thick",Celery;Milk,\nPie,12,,,,3\n';
    const expected = [SOUP, { item: 'Pie', pricePence: 1200, category: '', description: '', allergens: [], stock: 3 }];
    const texts = [
      lf,
      lf.replaceAll('\n', '\r\n'),
      `\ufeff${lf.trimEnd()}`,
      lf.replaceAll('\n', '\n\n'),
      lf.replace('Soup,4.50', ' Soup , £4.5 ').replace('Celery;Milk', ' Celery ; Milk ;'),
      'Stock,Allergens,Price,Item,Category,Description\n,Celery;Milk,4.50,Soup,Starters,"hot, thick"\n3,,12.00,Pie,,',
    ];
    for (const text of texts) expect(parseMenu(text), text).to.deep.equal(expected);
    expect(parseMenu('item,price\nSoup,4.50')).to.deep.equal([
      { ...SOUP, category: '', description: '', allergens: [] },
    ]);
    expect(parseMenu('')).to.deep.equal([]);
  });

  const wrong: readonly (readonly [name: string, text: string, what: string])[] = [
    ['price', 'item,price\nSoup,4.50\nPie,4.555', 'menu.csv: row 3, column price: is no amount in pounds'],
    ['price 0', 'item,price\nSoup,0', 'menu.csv: row 2, column price: is not a whole number from 1'],
    ['comma for a point', 'item,price\nSoup,"4,50"', 'menu.csv: row 2, column price'],
    ['stock', 'item,price,stock\nSoup,4.50,many', 'menu.csv: row 2, column stock'],
    ['twice', 'item,price\nSoup,4.50\n\nSoup,5.00', 'menu.csv: row 4, column item: is on the menu twice'],
    ['no name', 'item,price\n,4.50', 'menu.csv: row 2, column item: is empty'],
    ['formula', 'item,price\n=1+1,4.50', 'menu.csv: row 2, column item: begins with'],
    ['missing column', 'item,cost\nSoup,4.50', 'menu.csv: row 1: no column is called "cost"'],
    ['missing price', 'item,stock\nSoup,4', 'menu.csv: row 1: column price is missing'],
    ['column twice', 'item,price,item\nSoup,4,Pie', 'menu.csv: row 1: column item stands there twice'],
    ['comma not quoted', 'item,price,description\nSoup,4.50,hot, thick', 'menu.csv: row 2: 4 columns instead of 3'],
    ['open quote', 'item,price\n"Soup,4.50\n', 'menu.csv: '],
    [
      'too many',
      `item,price\n${Array.from({ length: 1001 }, (_, n) => `Dish ${n},1\n`).join('')}`,
      'menu.csv: 1001 items',
    ],
  ];
  for (const [name, text, what] of wrong)
    it(`names row and column of what is wrong (${name})`, () => {
      expect(() => parseMenu(text)).to.throw(InvalidFileError, what);
    });

  it('comes back as it was set, whatever the menu', () => {
    const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength }).map((value) => value.trim());
    const item = fc.record(
      {
        item: text(20),
        pricePence: fc.integer({ min: 1, max: 1_000_000 }),
        category: text(10),
        description: text(30),
        allergens: fc.array(text(5), { maxLength: 3 }),
        stock: fc.integer({ min: 0, max: 1_000_000 }),
      },
      { requiredKeys: ['item', 'pricePence', 'category', 'description', 'allergens'] },
    );
    fc.assert(
      fc.property(fc.uniqueArray(item, { selector: (each) => each.item, maxLength: 10 }), (items) => {
        fc.pre(menuProblem(items) === undefined);
        expect(parseMenu(new Menu(items).render())).to.deep.equal(items);
      }),
    );
  });

  it('money: every pence comes back, with two decimals', () => {
    for (const [pence, pounds] of [
      [0, '0.00'],
      [5, '0.05'],
      [450, '4.50'],
      [100_000_000, '1000000.00'],
    ] as const) {
      expect(poundsOfPence(pence)).to.equal(pounds);
      expect(penceOfPounds(pounds)).to.equal(pence);
    }
    for (let pence = 0; pence < 100_000; pence += 7) expect(penceOfPounds(poundsOfPence(pence))).to.equal(pence);
  });
});

describe('motd.txt', () => {
  it('is taken as it is, without BOM; what cannot be printed is refused', () => {
    expect(parseMotd('\ufeffHello,\n"you" 🍕\n')).to.equal('Hello,\n"you" 🍕\n');
    expect(() => parseMotd('a\tb')).to.throw(InvalidFileError, 'motd.txt: holds U+0009');
    expect(() => parseMotd('a'.repeat(1001))).to.throw(InvalidFileError, 'motd.txt: has 1001 characters');
  });
});

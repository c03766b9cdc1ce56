import { expect } from 'chai';
import fc from 'fast-check';
import { rowDifferences, unmatchedRows } from '../../src/operations/row-difference.js';

const HEADER = 'op,order_id,line,item\r\n';
const row = (op: number, line: number, item: string): string => `${op},o${op},${line},${item}\r\n`;
const text = (of: string): string => of.replace(/\r\n$/, '');

describe('row difference', () => {
  it('missing, extra, different: each told once, with the columns', () => {
    const a = [row(1, 1, 'Dal'), row(2, 1, 'Naan'), row(2, 2, 'Rice'), row(3, 1, 'Chai')];
    const b = [row(1, 1, 'Dal'), row(2, 1, 'Naan'), row(2, 2, 'Raita'), row(4, 1, 'Lassi')];
    expect(rowDifferences(HEADER, a, b)).to.deep.equal({
      missing: [text(row(3, 1, 'Chai'))],
      extra: [text(row(4, 1, 'Lassi'))],
      different: [{ a: text(row(2, 2, 'Rice')), b: text(row(2, 2, 'Raita')), columns: ['item'] }],
      isOrderOnly: false,
    });
  });

  it('a damaged op: one row that differs in op, not one missing and one extra', () => {
    const { missing, extra, different } = rowDifferences(HEADER, [row(12, 1, 'Dal')], ['92,o12,1,Dal\r\n']);
    expect([missing, extra]).to.deep.equal([[], []]);
    expect(different[0]?.columns).to.deep.equal(['op']);
  });

  it('bytes that are no row: shown as they are', () => {
    const { missing, extra } = rowDifferences(HEADER, [row(1, 1, 'Dal')], ['\u0000\u0000"\r\n']);
    expect([missing, extra]).to.deep.equal([[text(row(1, 1, 'Dal'))], ['\u0000\u0000"']]);
  });

  it('the same rows in another order: nothing is missing', () => {
    const rows = [row(1, 1, 'Dal'), row(2, 1, 'Naan')];
    const found = rowDifferences(HEADER, rows, rows.toReversed());
    expect(found).to.deep.equal({ missing: [], extra: [], different: [], isOrderOnly: true });
  });

  it('a row that stands there twice: the second is extra', () => {
    expect(rowDifferences(HEADER, [row(1, 1, 'Dal')], [row(1, 1, 'Dal'), row(1, 1, 'Dal')]).extra).to.have.length(1);
  });

  it('nothing is invented: what is told stands in one file and not as often in the other', () => {
    const rows = fc.array(fc.tuple(fc.nat(6), fc.nat(2), fc.constantFrom('a', 'b')), { maxLength: 20 });
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const a = left.map(([op, line, item]) => row(op, line, item));
        const b = right.map(([op, line, item]) => row(op, line, item));
        const { missing, extra, different } = rowDifferences(HEADER, a, b);
        const countIn = (list: readonly string[], of: string): number => list.filter((one) => text(one) === of).length;
        const onlyA = [...missing, ...different.map((one) => one.a)];
        const onlyB = [...extra, ...different.map((one) => one.b)];
        for (const one of onlyA)
          expect(countIn(a, one) - countIn(b, one)).to.equal(onlyA.filter((other) => other === one).length);
        for (const one of onlyB)
          expect(countIn(b, one) - countIn(a, one)).to.equal(onlyB.filter((other) => other === one).length);
        const rest = unmatchedRows(a, b);
        expect(onlyA.length).to.equal(rest.a.length);
        expect(onlyB.length).to.equal(rest.b.length);
      }),
    );
  });
});

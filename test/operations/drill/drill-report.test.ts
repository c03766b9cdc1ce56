import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { drillReport, type Inflicted } from '../../../src/operations/drill/drill-report.js';
import { History, type OrderCall } from '../../../src/operations/drill/history.js';
import { wrongStock } from '../../../src/operations/drill/stock.js';
import type { FolderFiles } from '../../../src/operations/drill/tables.js';

/** A history of orders that were acknowledged at these moments, ms. */
function acknowledgedAt(...times: number[]): History {
  const history = new History();
  for (const endMs of times) {
    const order = { order_id: randomUUID(), user_code: 'ann', lines: [], post_code: '' };
    const outcome = { kind: 'ok', answer: {} } as unknown as OrderCall['outcome'];
    history.orders.push({ client: 'one', beginMs: endMs - 1, endMs, order, isRepeat: false, outcome });
  }
  return history;
}

const idOf = (history: History, at: number): string => history.orders[at]?.order.order_id ?? '';

describe('drill report', () => {
  const inflicted: Inflicted[] = [
    { fault: 'kill', beginMs: 100, endMs: 200 },
    { fault: 'cut', beginMs: 300, endMs: 500 },
    { fault: 'kill', beginMs: 600, endMs: 700 },
  ];

  it('no problem: good; outages and acknowledged orders by fault', () => {
    const report = drillReport(acknowledgedAt(90, 150, 190, 290, 450, 490, 590, 690), inflicted, [], 1_000);
    expect(report).to.include({ verdict: 'good', seconds: 1, acknowledged: 8, lost: 0, other: 0 });
    expect(report.faults.map(({ fault, count, acknowledged }) => [fault, count, acknowledged])).to.deep.equal([
      ['kill', 2, 3],
      ['cut', 1, 2],
    ]);
    // What comes after 200 is of the next fault, or of nobody.
    expect(report.faults[0]).to.include({ outage_p50_ms: 60, outage_worst_ms: 100 });
    expect(report.faults[1]).to.include({ outage_p50_ms: 160, outage_worst_ms: 160 });
    expect(report).to.include({ outage_p50_ms: 100, outage_worst_ms: 160 });
  });

  it('problems: bad; each counts for the fault under which its order was answered, or in the sum alone', () => {
    const history = acknowledgedAt(150, 350, 650);
    const problems = [
      `LOST: order ${idOf(history, 1)} is nowhere`,
      `DUPLICATED: order ${idOf(history, 2)} is there twice`,
      `STALE: a read misses ${idOf(history, 0)}`,
      'OVERSOLD: 3 of 2',
      'NOT LEVEL: replica-1',
    ];
    const report = drillReport(history, inflicted, problems, 1_000);
    expect(report).to.include({ verdict: 'bad', lost: 1, duplicated: 1, stale: 1, oversold: 1, other: 1 });
    expect(report.faults[0]).to.include({ fault: 'kill', lost: 0, duplicated: 1, stale: 1, oversold: 0, other: 0 });
    expect(report.faults[1]).to.include({ fault: 'cut', lost: 1, duplicated: 0, stale: 0, oversold: 0, other: 0 });
  });
});

describe('drill stock', () => {
  const folder = (orders: string[], statuses: string[], stock: number): FolderFiles => ({
    name: 'one',
    read: (file) =>
      Buffer.from(
        {
          'orders.csv': ['order_id,item,quantity', ...orders],
          'order-status.csv': ['order_id,status', ...statuses],
          'menu.csv': ['item,stock', `Pie,${stock}`, 'Soup,'],
        }[file]?.join('\r\n') ?? '',
      ),
  });
  const had = new Map([['Pie', 5]]);

  it('what is sold and what is left make what there was: nothing is wrong (a cancelled order gave its portions back)', () => {
    expect(
      wrongStock(had, folder(['a,Pie,2', 'b,Pie,3', 'c,Soup,9'], ['a,placed', 'b,placed', 'b,cancelled'], 3)),
    ).to.eql([]);
  });
  it('more sold than there was: OVERSOLD', () => {
    expect(wrongStock(had, folder(['a,Pie,3', 'b,Pie,3'], [], 0))[0]).to.match(/^OVERSOLD: 6 of 5/);
  });
  it('more for sale than is left: OVERSOLD', () => {
    expect(wrongStock(had, folder(['a,Pie,3'], [], 3))[0]).to.match(/^OVERSOLD: 3 .* 2 are left/);
  });
  it('less for sale than is left: STOCK LOST', () => {
    expect(wrongStock(had, folder(['a,Pie,3'], [], 1))[0]).to.match(/^STOCK LOST: 1 .* 2 are left/);
  });
});

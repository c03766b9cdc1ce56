import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { FakeRestaurant, unknownOutcome } from '../support/ordering-client-fake.js';
import { runCommand, temporaryFolder } from './support/command-run.js';

const order = (changes: object = {}) => ({
  order_id: randomUUID(),
  user_code: 'till',
  lines: [{ item: 'Dal Tadka', quantity: 1, price_pence: 695 }],
  post_code: 'DH1 1JN',
  ...changes,
});
const textOf = (lines: readonly unknown[]): string =>
  lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
const printed = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('order --stream', () => {
  let folder: string;
  let restaurant: FakeRestaurant;
  beforeEach(() => {
    folder = temporaryFolder();
    restaurant = new FakeRestaurant();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('stdin: a line for each order, with its line and id (blank lines, no newline at the end)', async () => {
    const orders = [order(), order({ notes: 'ring "twice" 🍜' }), order()];
    const stdin = textOf([orders[0], '', orders[1], '  ', orders[2]]);
    const { exitCode, stdout, stderr } = await runCommand(['order', '--stream', '-'], { restaurant, stdin });
    expect([exitCode, stderr]).to.deep.equal([0, '']);
    const lines = printed(stdout);
    expect(lines.map(({ line, order_id }) => [line, order_id])).to.deep.equal([
      [1, orders[0]?.order_id],
      [3, orders[1]?.order_id],
      [5, orders[2]?.order_id],
    ]);
    for (const line of lines) expect(line).to.have.all.keys('line', 'order_id', 'order', 'receipt');
    expect(lines[1]).to.have.nested.property('order.notes', 'ring "twice" 🍜');
    expect(restaurant.orders.size).to.equal(3);
    expect(restaurant.isClosed).to.equal(true);
  });

  it('file: what is refused and what is no order is told in its place, the others are placed, exit 1', async () => {
    const file = path.join(folder, 'orders.jsonl');
    const good = order();
    const dear = order({ lines: [{ item: 'Dal Tadka', quantity: 1, price_pence: 1 }] });
    const lines = ['{"order_id": ', { ...order(), tip: 1 }, dear, { ...order(), lines: 'none' }, good];
    writeFileSync(file, `${textOf(lines)}\n`);
    const { exitCode, stdout, stderr } = await runCommand(['order', '--stream', file], { restaurant });
    expect(exitCode).to.equal(1);
    expect(stderr).to.equal('just-hungry: 4 of 5 orders not placed.\n');
    const told = printed(stdout);
    expect(told.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(told.map((one) => (one['error'] as { reason: string } | undefined)?.reason)).to.deep.equal([
      'INVALID_FIELD',
      'INVALID_FIELD',
      'PRICE_CHANGED',
      'INVALID_FIELD',
      undefined,
    ]);
    expect(told[2]).to.include({ order_id: dear.order_id });
    expect(told[2]).to.have.nested.property('error.status', 'FAILED_PRECONDITION');
    expect([...restaurant.orders.keys()]).to.deep.equal([good.order_id]);
  });

  it('unknown outcomes: told so, and the same lines again place nothing twice', async () => {
    const stdin = textOf([order(), order()]);
    restaurant.fault = () => unknownOutcome();
    const first = await runCommand(['order', '--stream', '-'], { restaurant, stdin });
    expect(first.exitCode).to.equal(1);
    expect(first.stderr).to.match(/2 of 2 orders not placed, of which 2 may have been: send the same lines again/);
    restaurant.fault = () => undefined;
    for (let times = 0; times < 2; times++)
      expect((await runCommand(['order', '--stream', '-'], { restaurant, stdin })).exitCode).to.equal(0);
    expect(restaurant.orders.size).to.equal(2);
  });

  it('a file that cannot be read: exit 1, named; with items or --user: exit 2', async () => {
    const missing = await runCommand(['order', '--stream', path.join(folder, 'none')], { restaurant });
    expect([missing.exitCode, missing.stdout]).to.deep.equal([1, '']);
    expect(missing.stderr).to.match(/none cannot be read: ENOENT.*Give a file with an order a line, or - for stdin/);
    mkdirSync(path.join(folder, 'sub'));
    expect((await runCommand(['order', '--stream', path.join(folder, 'sub')], { restaurant })).exitCode).to.equal(1);
    for (const more of [['Dal Tadka'], ['--user', 'ann'], ['--resume']])
      expect((await runCommand(['order', ...more, '--stream', '-'], { restaurant, stdin: '' })).exitCode).to.equal(2);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { expect } from 'chai';
import { createPendingOrders, PendingFolderError, pendingFolderOf } from '../../src/client/pending-orders.js';
import { placeOrder } from '../../src/client/placement.js';
import type { NewOrder } from '../../src/ports/ordering-client.js';
import { temporaryFolder } from '../cli/support/command-run.js';
import { FakeRestaurant, refused, unknownOutcome } from '../support/ordering-client-fake.js';

const FRONT_ENDS = ['127.0.0.1:7400'];

const newOrder = (): NewOrder => ({
  order_id: randomUUID(),
  user_code: 'ann',
  lines: [{ item: 'Dal Tadka', quantity: 2, price_pence: 695 }],
  post_code: 'DH1 1JN',
  contact: { name: 'Ann "A", 🍛', phone: '', address: '' },
  notes: 'ring twice',
  write_concern: 'all',
});

describe('pending orders', () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = temporaryFolder();
    folder = path.join(root, 'state', 'just-hungry', 'pending-orders');
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('place: has the whole order on disk when it is sent, and nothing left once it is placed', async () => {
    const pending = createPendingOrders(folder);
    const restaurant = new FakeRestaurant();
    const order = newOrder();
    let onDisk: unknown;
    restaurant.fault = () => {
      onDisk = JSON.parse(readFileSync(path.join(folder, `${order.order_id}.json`), 'utf8'));
      return undefined;
    };
    const outcome = await placeOrder({ client: restaurant, pending, frontEnds: FRONT_ENDS }, order);
    expect(outcome.kind).to.equal('placed');
    expect(onDisk).to.have.property('order').that.deep.equals(order);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('place: is for the eyes of its user alone (mode of folder and file)', async () => {
    const pending = createPendingOrders(folder);
    const order = newOrder();
    await pending.save(order, FRONT_ENDS);
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
    expect(statSync(path.join(folder, `${order.order_id}.json`)).mode & 0o777).to.equal(0o600);
  });

  it('place: keeps the order while the outcome is unknown, and the repeat places nothing more', async () => {
    const pending = createPendingOrders(folder);
    const restaurant = new FakeRestaurant();
    const order = newOrder();
    restaurant.fault = () => 'lost-answer';
    const first = await placeOrder({ client: restaurant, pending, frontEnds: FRONT_ENDS }, order);
    expect(first.kind).to.equal('unknown');
    const [waiting] = (await pending.list()).waiting;
    expect(waiting?.order).to.deep.equal(order);
    restaurant.fault = () => undefined;
    const second = await placeOrder({ client: restaurant, pending, frontEnds: FRONT_ENDS }, waiting?.order ?? order);
    expect(second.kind).to.equal('placed');
    expect(restaurant.orders.size).to.equal(1);
    expect((await pending.list()).waiting).to.deep.equal([]);
  });

  it('place: forgets an order that is certainly refused, keeps one whose refusal tells nothing', async () => {
    const pending = createPendingOrders(folder);
    const restaurant = new FakeRestaurant();
    const cases = [
      [refused('PRICE_CHANGED', 'x', 'FAILED_PRECONDITION'), 'refused'],
      [refused('POSTCODE_UNKNOWN', 'x', 'FAILED_PRECONDITION'), 'refused'],
      [refused('INVALID_FIELD', 'x', 'INVALID_ARGUMENT'), 'refused'],
      [refused('NO_QUORUM', 'x', 'UNAVAILABLE'), 'unknown'],
      [refused('WRITE_CONCERN_NOT_MET', 'x', 'DEADLINE_EXCEEDED'), 'unknown'],
      [refused('INTERNAL', 'x', 'INTERNAL'), 'unknown'],
      [unknownOutcome(), 'unknown'],
    ] as const;
    for (const [fault, expected] of cases) {
      restaurant.fault = () => fault;
      const order = newOrder();
      const outcome = await placeOrder({ client: restaurant, pending, frontEnds: FRONT_ENDS }, order);
      expect(outcome.kind, fault.refusal.reason).to.equal(expected);
      const isKept = (await pending.list()).waiting.some((one) => one.order.order_id === order.order_id);
      expect(isKept, fault.refusal.reason).to.equal(expected === 'unknown');
    }
  });

  it('place: sends nothing when the order cannot be noted first', async () => {
    const blocked = path.join(root, 'file');
    writeFileSync(blocked, '');
    const restaurant = new FakeRestaurant();
    const placement = {
      client: restaurant,
      pending: createPendingOrders(path.join(blocked, 'x')),
      frontEnds: FRONT_ENDS,
    };
    const error = await placeOrder(placement, newOrder()).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(PendingFolderError);
    expect((error as Error).message).to.match(/was not sent.*XDG_STATE_HOME/);
    // Where Node's own recursive mkdir never returns.
    const never = { ...placement, pending: createPendingOrders('/proc/just-hungry/pending-orders') };
    expect(await placeOrder(never, newOrder()).catch((thrown: unknown) => thrown)).to.be.instanceOf(PendingFolderError);
    expect(restaurant.calls).to.deep.equal([]);
  });

  it('list: leaves what a crash cut off and what was damaged, and names the damaged', async () => {
    const pending = createPendingOrders(folder);
    const order = newOrder();
    await pending.save(order, FRONT_ENDS);
    const whole = readFileSync(path.join(folder, `${order.order_id}.json`));
    // A crash before the rename: never an order.
    writeFileSync(path.join(folder, `.${randomUUID()}.1.0.tmp`), whole);
    const damaged = path.join(folder, `${randomUUID()}.json`);
    for (const length of [0, 1, 50, whole.length - 3]) {
      writeFileSync(damaged, whole.subarray(0, length));
      const list = await pending.list();
      expect(list.waiting.map((one) => one.order.order_id)).to.deep.equal([order.order_id]);
      expect(list.unreadable.map(({ file }) => file)).to.deep.equal([damaged]);
    }
    // A copy under another name could place the order under a wrong id.
    writeFileSync(damaged, whole);
    expect((await pending.list()).unreadable).to.have.length(1);
  });

  it('list: leaves the orders of a client that still runs to it, and offers those of one that died', async () => {
    const sleeper = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    try {
      const pending = createPendingOrders(folder);
      const order = newOrder();
      await pending.save(order, FRONT_ENDS);
      const file = path.join(folder, `${order.order_id}.json`);
      const content = JSON.parse(readFileSync(file, 'utf8')) as { owner: { pid: number; started: string } };
      const stat = readFileSync(`/proc/${sleeper.pid}/stat`, 'latin1').split(' ');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      content.owner.pid = sleeper.pid ?? 0;
      content.owner.started = `${boot} ${stat[21]}`;
      writeFileSync(file, JSON.stringify(content));
      expect((await pending.list()).inUse).to.have.length(1);
      sleeper.kill('SIGKILL');
      await once(sleeper, 'exit');
      expect((await pending.list()).waiting).to.have.length(1);
      // The number was given to another process since.
      content.owner.pid = process.pid;
      writeFileSync(file, JSON.stringify(content));
      expect((await pending.list()).waiting).to.have.length(1);
    } finally {
      sleeper.kill('SIGKILL');
    }
  });

  it('list: is empty where nothing was ever noted; tells when the folder cannot be read', async () => {
    expect(await createPendingOrders(folder).list()).to.deep.equal({ waiting: [], inUse: [], unreadable: [] });
    mkdirSync(path.dirname(folder), { recursive: true });
    writeFileSync(folder, '');
    const error = await createPendingOrders(folder)
      .list()
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(PendingFolderError);
    chmodSync(folder, 0o600);
  });

  it('save: many at once do not disturb each other', async () => {
    const orders = Array.from({ length: 50 }, newOrder);
    await Promise.all(orders.map((order) => createPendingOrders(folder).save(order, FRONT_ENDS)));
    const kept = (await createPendingOrders(folder).list()).waiting.map(({ order }) => order.order_id);
    expect(kept).to.have.members(orders.map((order) => order.order_id));
  });

  it('folder: follows XDG_STATE_HOME unless it is relative', () => {
    expect(pendingFolderOf({}, '/home/a')).to.equal('/home/a/.local/state/just-hungry/pending-orders');
    expect(pendingFolderOf({ XDG_STATE_HOME: '/s' }, '/home/a')).to.equal('/s/just-hungry/pending-orders');
    expect(pendingFolderOf({ XDG_STATE_HOME: 's' }, '/home/a')).to.equal(
      '/home/a/.local/state/just-hungry/pending-orders',
    );
  });
});

import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createOperationsClient, type OperationsClient } from '../../src/net/operations-client.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { ORDERING } from '../../src/services/ordering/ordering.js';
import type { MakeOrder, OrderingRequest } from '../../src/services/ordering/requests.js';
import { Rig, TOKEN } from './support/rig.js';

const sha256 = (of: Uint8Array | string): string => createHash('sha256').update(of).digest('hex');

describe('inspection over the network', () => {
  let rig: Rig;
  let client: OperationsClient;
  beforeEach(async () => {
    rig = await Rig.start();
    client = createOperationsClient(rig.replicas[0]?.address ?? '', TOKEN);
    rig.onStop(() => client.close());
  });
  afterEach(() => rig.stop());

  const write = (requestId: string, body: OrderingRequest): void =>
    rig.cluster.write({
      kind: 'write',
      service: ORDERING,
      request: { requestId, body, copiesNeeded: 2 },
      deadlineWallMs: Date.now() + 1_000,
      done: () => undefined,
    });
  const order = (quantity = 1, pricePence = 450): string => {
    const orderId = randomUUID();
    const body: MakeOrder = {
      kind: 'makeOrder',
      orderId,
      userCode: 'ann',
      lines: [{ item: 'Tomato Soup', quantity, pricePence }],
      postCode: 'DH1 1JN',
      postcodeVerdict: 'valid',
      postcodeReason: '',
      notes: '',
    };
    write(orderId, body);
    return orderId;
  };
  const failure = async (run: Promise<unknown>): Promise<CallRefusedError> => {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof CallRefusedError) return error;
    throw new Error(`it was not refused: ${String(error)}`);
  };

  it('a note: every file with length and hash, and how much there is', async () => {
    order();
    order(2);
    const answer = await client.noteAt(3, 0);
    if (answer.kind !== 'noted') throw new Error(answer.kind);
    const { note } = answer;
    expect(note.counts['ordering']).to.include({ orders: 2, changes: 0, refusals: 0, menu_items: 2 });
    for (const { name, kind, length, hash } of note.files) {
      if (kind === 'snapshot') continue;
      const text = rig.cluster.files.contents()[name] ?? '';
      expect([length, hash], name).to.deep.equal([Buffer.byteLength(text), sha256(text)]);
    }
    expect(note.files.map(({ name }) => name)).to.deep.equal([
      'menu.csv',
      'motd.txt',
      'order-status.csv',
      'ordering.snapshot',
      'orders.csv',
      'receipts.csv',
      'refused.csv',
    ]);
    expect(note.chain).to.equal(rig.cluster.entries[2]?.chain);
  });

  it('a note of an op to come: as soon as it is there; of one that is past: told', async () => {
    order();
    const waiting = client.noteAt(3, 5_000);
    await client.status();
    order();
    expect(await waiting).to.deep.include({ kind: 'noted', applied: 3 });
    order();
    expect(await client.noteAt(2, 0)).to.deep.equal({ kind: 'passed', applied: 4 });
    expect(await client.noteAt(9, 20)).to.deep.equal({ kind: 'notReached', applied: 4, why: 'its tables end at op 4' });
  });

  it('rows and their hashes: of exactly these ops; of a document all', async () => {
    for (let at = 0; at < 5; at++) order(at + 1);
    const { rows, nextOp } = await client.readRows({ table: 'orders.csv', fromOp: 3, toOp: 4 });
    expect(nextOp).to.equal(0);
    expect(Buffer.from(rows).toString().match(/^\d+/gm)).to.deep.equal(['3', '4']);
    const [range] = await client.hashRows({ table: 'orders.csv', fromOp: 3, toOp: 4 }, 1);
    expect(range).to.deep.equal({ fromOp: 3, toOp: 4, bytes: rows.length, hash: sha256(rows) });
    const menu = await client.readRows({ table: 'menu.csv', fromOp: 1, toOp: 1 });
    expect(Buffer.from(menu.rows).toString()).to.equal(rig.cluster.files.contents()['menu.csv']);
    expect((await client.reread('orders.csv', 17)).hash).to.equal(
      sha256((rig.cluster.files.contents()['orders.csv'] ?? '').slice(0, 17)),
    );
    expect(await client.reread('motd.txt', 0)).to.deep.equal({ hash: sha256('Welcome'), expected: sha256('Welcome') });
  });

  it('an order: what it is, every step with view and chain, and where it is kept', async () => {
    const orderId = order(3);
    const requestId = '01890000-0000-7000-8000-000000000001';
    write(requestId, { kind: 'updateOrderStatus', orderId, status: 'accepted', reason: '' });
    const told = await client.explainOrder(orderId.toUpperCase());
    expect(told.order).to.deep.include({ order_id: orderId, status: 'accepted', total_pence: 1350, op: 2 });
    expect(told.steps.map(({ op, status, requestId: by }) => [op, status, by])).to.deep.equal([
      [2, 'placed', orderId],
      [3, 'accepted', requestId],
    ]);
    expect(told.steps[0]).to.include({ view: 0, chain: rig.cluster.entries[1]?.chain, isInJournal: true });
    expect(told.steps[0]?.onDiskBy).to.match(/^\d{4}-.*Z$/);
    expect(told).to.deep.include({ views: [{ view: 0, firstOp: 2 }], applied: 3, pending: [], isInOutbox: false });
    const refused = await client.explainOrder(order(1, 1));
    expect(refused.refused).to.deep.include({ op: 4 });
    expect(refused.order).to.equal(undefined);
    expect(await client.explainOrder(randomUUID())).to.deep.include({
      order: undefined,
      refused: undefined,
      steps: [],
    });
  });

  it('what cannot be meant is refused by name, and so is a stranger', async () => {
    const wrong: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [client.noteAt(0, 0), /op is 1 or more/],
      [client.explainOrder('order 7'), /order_id is no UUID/],
      [client.readRows({ table: '../token', fromOp: 1, toOp: 1 }), /leads out of the folder/],
      [client.readRows({ table: 'orders.csv', fromOp: 2, toOp: 1 }), /from_op is 1 or more and not above to_op/],
    ];
    for (const [run, why] of wrong) {
      const { refusal } = await failure(run);
      expect(refusal.reason).to.equal('INVALID_FIELD');
      expect(refusal.message).to.match(why);
    }
    expect((await failure(client.readRows({ table: 'no.csv', fromOp: 1, toOp: 1 }))).message).to.match(
      /no table "no\.csv"/,
    );
    expect((await failure(client.hashRows({ table: 'orders.csv', fromOp: 1, toOp: 99 }, 1))).message).to.match(
      /its tables end at op 1/,
    );
    const stranger = createOperationsClient(rig.replicas[0]?.address ?? '', 'x'.repeat(20));
    try {
      for (const run of [
        stranger.noteAt(1, 0),
        stranger.readRows({ table: 'orders.csv', fromOp: 1, toOp: 1 }),
        stranger.hashRows({ table: 'orders.csv', fromOp: 1, toOp: 1 }, 1),
        stranger.reread('orders.csv', 1),
        stranger.explainOrder(randomUUID()),
      ])
        expect((await failure(run)).refusal.reason).to.equal('TOKEN_WRONG');
    } finally {
      stranger.close();
    }
  });
});

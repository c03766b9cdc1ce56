import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { CallRefusedError, type NewOrder, type StreamedOrder } from '../../src/ports/ordering-client.js';
import { until } from './support/addresses.js';
import { Rig } from './support/rig.js';

const order = (changes: Partial<NewOrder> = {}): NewOrder => ({
  order_id: randomUUID(),
  user_code: 'till',
  lines: [{ item: 'Tomato Soup', quantity: 1, price_pence: 450 }],
  post_code: 'DH1 1JN',
  ...changes,
});
const many = (count: number): NewOrder[] => Array.from({ length: count }, () => order());

async function all(answers: AsyncIterable<StreamedOrder>): Promise<StreamedOrder[]> {
  const found: StreamedOrder[] = [];
  for await (const answer of answers) found.push(answer);
  return found;
}
const outcomeOf = (answer: StreamedOrder | undefined): string =>
  answer === undefined || answer.kind === 'placed' ? String(answer?.kind) : answer.error.refusal.reason;

/** Enough on any machine, where no deadline is meant to pass. */
const PATIENT = { deadlineMs: 60_000 };

describe('client: a stream of orders', () => {
  let rig: Rig;
  let address: string;
  beforeEach(async () => {
    rig = await Rig.start();
    ({ address } = await rig.frontEnd());
  });
  afterEach(async () => {
    await rig.stop();
    expect(rig.problems, 'bugs that callers saw as INTERNAL').to.deep.equal([]);
  });
  const ordersKept = (): number => rig.cluster.entries.length - 1;

  it('each order has one answer, refused ones too, with its number in the input', async () => {
    const orders = [...many(50), order({ user_code: '' }), order({ lines: [] }), ...many(50)];
    const answers = await all(rig.client([address], PATIENT).makeOrders(orders));
    const byNumber = answers.toSorted((a, b) => a.number - b.number);
    expect(byNumber.map(({ number }) => number)).to.deep.equal(orders.map((_, index) => index + 1));
    for (const [index, answer] of byNumber.entries()) {
      const id = answer.kind === 'placed' ? answer.order.order_id : answer.order_id;
      expect(id).to.equal(orders[index]?.order_id);
      expect(outcomeOf(answer)).to.equal(index === 50 || index === 51 ? 'INVALID_FIELD' : 'placed');
    }
    expect(ordersKept()).to.equal(100);
    // Nothing to order needs no front end.
    expect(await all(rig.client(['127.0.0.1:1']).makeOrders([]))).to.deep.equal([]);
  });

  it('window: no more is taken from the input than the answers that are taken allow', async () => {
    let taken = 0;
    function* input(): Generator<NewOrder> {
      for (; taken < 100;) {
        taken++;
        yield order();
      }
    }
    let answered = 0;
    for await (const answer of rig.client([address], PATIENT).makeOrders(input(), { windowMax: 8 })) {
      expect(outcomeOf(answer)).to.equal('placed');
      // The one given out here is taken.
      expect(taken - answered).to.be.at.most(9);
      answered++;
      if (answered % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([taken, answered]).to.deep.equal([100, 100]);
  });

  it('a front end that dies amid the stream: the next one gets what has no answer, and each order is placed once', async () => {
    const second = await rig.frontEnd();
    const both = rig.client([second.address, address], PATIENT);
    const orders = many(400);
    const answers: StreamedOrder[] = [];
    let isStopped = false;
    for await (const answer of both.makeOrders(orders, { windowMax: 50 })) {
      answers.push(answer);
      if (answers.length < 100 || isStopped) continue;
      isStopped = true;
      await second.stop(0);
    }
    expect(answers.map(outcomeOf)).to.deep.equal(orders.map(() => 'placed'));
    expect(new Set(answers.map(({ number }) => number)).size).to.equal(400);
    expect(ordersKept()).to.equal(400);
  });

  it('a front end that takes connections and says nothing is left for the next', async () => {
    const open = new Set<Socket>();
    const hung = createServer((socket) => open.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
    const { port } = hung.address() as AddressInfo;
    const client = rig.client([`127.0.0.1:${port}`, address]);
    const answers = await all(client.makeOrders(many(3), { deadlineMs: 10_000 }));
    for (const socket of open) socket.destroy();
    hung.close();
    expect(answers.map(outcomeOf)).to.deep.equal(['placed', 'placed', 'placed']);
  }).timeout(15_000);

  it('nobody there: each order is answered at its deadline, nothing was done; a lost answer: outcome unknown', async () => {
    const nobody = await all(rig.client(['127.0.0.1:1']).makeOrders(many(2), { deadlineMs: 200 }));
    expect(nobody.map(outcomeOf)).to.deep.equal(['NO_PRIMARY', 'NO_PRIMARY']);
    for (const replica of rig.cluster.replicas) replica.mode = 'silent';
    const lost = await all(rig.client([address]).makeOrders(many(2), { deadlineMs: 300 }));
    expect(lost.map(outcomeOf)).to.deep.equal(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
  });

  it('an order over the limit is refused here, and the stream goes on', async () => {
    const answers = await all(
      rig.client([address], PATIENT).makeOrders([order({ notes: 'x'.repeat(1 << 20) }), order()]),
    );
    expect(answers.map(outcomeOf).toSorted()).to.deep.equal(['MESSAGE_TOO_LARGE', 'placed']);
  });

  it('large orders leave in messages within the limit', async () => {
    const lines = Array.from({ length: 100 }, (_, index) => ({
      item: `${'x'.repeat(90)} ${index}`,
      quantity: 1,
      price_pence: 1,
    }));
    const answers = await all(
      rig.client([address], PATIENT).makeOrders(Array.from({ length: 300 }, () => order({ lines }))),
    );
    expect(answers).to.have.length(300);
    expect(new Set(answers.map(outcomeOf))).to.deep.equal(new Set(['UNKNOWN_ITEM']));
  });

  it('what the input throws is thrown; who stops early ends the stream', async () => {
    async function* broken(): AsyncGenerator<NewOrder> {
      yield order();
      throw new Error('the till is out of paper');
    }
    let thrown: unknown;
    await all(rig.client([address], PATIENT).makeOrders(broken())).catch((error: unknown) => (thrown = error));
    expect(thrown).to.have.property('message', 'the till is out of paper');
    let isReturned = false;
    async function* endless(): AsyncGenerator<NewOrder> {
      try {
        for (;;) yield order();
      } finally {
        isReturned = true;
      }
    }
    for await (const answer of rig.client([address], PATIENT).makeOrders(endless(), { windowMax: 4 })) {
      expect(outcomeOf(answer)).to.equal('placed');
      break;
    }
    await until(() => isReturned);
  });

  it('a server that has no such stream: thrown, not tried for ever', async () => {
    // A replica serves no customers.
    const [replica] = rig.replicas;
    let thrown: unknown;
    await all(rig.client([replica?.address ?? '']).makeOrders(many(1))).catch((error: unknown) => (thrown = error));
    expect(thrown).to.be.instanceOf(CallRefusedError);
    expect((thrown as CallRefusedError).status).to.equal('UNIMPLEMENTED');
  });
});

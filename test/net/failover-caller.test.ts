import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { freePorts } from '../support/free-ports.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Rig } from './support/rig.js';

describe('failover caller', () => {
  let rig: Rig;
  beforeEach(async () => (rig = await Rig.start()));
  afterEach(() => rig.stop());

  it('an answer lost at one front end, and nobody reached through the next: not told that nothing was done', async () => {
    const [port = 0] = await freePorts(1);
    const proxy = await TcpProxy.start(port, (await rig.frontEnd()).address);
    rig.onStop(() => proxy.close());
    const lonely = await rig.frontEnd({ reachable: [] });
    const client = rig.client([proxy.address, lonely.address], { deadlineMs: 1_000 });
    proxy.loseAnswers(true);
    const order = {
      order_id: randomUUID(),
      user_code: 'ann',
      lines: [{ item: 'Tomato Soup', quantity: 1, price_pence: 450 }],
      post_code: 'DH1 1JN',
    };
    const error = await client.makeOrder(order).catch((caught: unknown) => caught);
    expect(proxy.answersLost).to.equal(1);
    if (!(error instanceof CallRefusedError)) throw new Error(`it was ${String(error)}`);
    expect(error.refusal.reason).to.equal('OUTCOME_UNKNOWN');
    expect(error.refusal.message).to.match(/Repeat it with the same id/);

    // It had been done, and whoever asks again is told.
    proxy.loseAnswers(false);
    const again = await rig.client([proxy.address]).makeOrder(order);
    expect(again.receipt.op).to.equal(2);
  });

  it('a refusal of the call itself stands, whatever happened to an attempt before', async () => {
    const [port = 0] = await freePorts(1);
    const proxy = await TcpProxy.start(port, (await rig.frontEnd()).address);
    rig.onStop(() => proxy.close());
    const other = await rig.frontEnd();
    proxy.loseAnswers(true);
    const dear = {
      order_id: randomUUID(),
      user_code: 'ann',
      lines: [{ item: 'Tomato Soup', quantity: 1, price_pence: 1 }],
      post_code: 'DH1 1JN',
    };
    const error = await rig
      .client([proxy.address, other.address])
      .makeOrder(dear)
      .catch((caught: unknown) => caught);
    expect(proxy.answersLost).to.equal(1);
    expect(error).to.have.nested.property('refusal.reason', 'PRICE_CHANGED');
  });
});

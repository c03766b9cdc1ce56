import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { op, replicaIndex, view } from '../../src/base/numbers.js';
import type { OutboxItem } from '../../src/base/service.js';
import { createOperationsClient } from '../../src/net/operations-client.js';
import { messageCodec } from '../../src/net/proto-files.js';
import { createRequestLinks, type RequestLinksOptions } from '../../src/net/request-links.js';
import type { MakeOrderRequest } from '../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ForwardedCall, ForwardedReply, RequestLinks } from '../../src/ports/request-links.js';
import { until } from './support/addresses.js';
import { Rig, TOKEN } from './support/rig.js';

const codec = messageCodec<MakeOrderRequest, MakeOrderRequest>('justhungry.v1.MakeOrderRequest');
const zero = replicaIndex(0);
const one = replicaIndex(1);

function makeOrder(changes: Partial<ForwardedCall> = {}): ForwardedCall {
  const lines = [{ item: 'Tomato Soup', quantity: 1, price_pence: 450 }];
  return {
    method: 'MakeOrder',
    payload: codec.write({ order_id: randomUUID(), user_code: 'ann', lines, post_code: 'dh1 1jn' }),
    deadlineWallMs: Date.now() + 60_000,
    isStaff: false,
    postcode: { verdict: 'valid', normalised: 'DH1 1JN', reason: '' },
    ...changes,
  };
}

function outboxItem(requestId: string): OutboxItem {
  const lines = [['Tomato Soup', 1, 450]];
  const update = JSON.stringify({ kind: 'order', user: 'ann', lines, postCode: 'DH1 1JN', check: 'valid', copies: 1 });
  const timeMs = Date.UTC(2026, 10, 21, 18, 30, 0, 125);
  return { requestId, service: 'ordering', update, timeMs, view: view(0), op: op(0) };
}

describe('requests', () => {
  let rig: Rig;
  let links: RequestLinks;

  function open(changes: Partial<RequestLinksOptions> = {}): RequestLinks {
    const opened = createRequestLinks({ replicas: rig.replicas, token: TOKEN, ...changes });
    rig.onStop(() => opened.close());
    return opened;
  }
  const direct = { isRelayWanted: false };
  const send = (replica: typeof zero, call = makeOrder(), options = direct): Promise<ForwardedReply> =>
    new Promise((resolve) => links.send(replica, call, options, resolve));

  beforeEach(async () => {
    rig = await Rig.start();
    links = open();
    await until(() => links.isUp(zero) && links.isUp(one));
  });
  afterEach(() => rig.stop());

  it('batches: the calls of one turn reach the replica as one', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => send(zero)));
    expect(new Set(replies.map(({ kind }) => kind))).to.deep.equal(new Set(['ok']));
    expect(rig.cluster.replicas[0]?.batches).to.deep.equal([50]);
  });

  it('hint: names the primary', async () => {
    expect(await send(one)).to.deep.include({ kind: 'refused', primary: zero });
  });

  it('relay: one hop to the primary where the sender asks for it', async () => {
    expect(await send(one, makeOrder(), { isRelayWanted: true })).to.include({ kind: 'ok' });
    const hopped = open({ self: replicaIndex(2) });
    await until(() => hopped.isUp(one));
    const reply = await new Promise((resolve) => hopped.send(one, makeOrder(), { isRelayWanted: true }, resolve));
    expect(reply).to.deep.include({ kind: 'refused', primary: zero });
  });

  it('deadline: a call that has expired is not executed', async () => {
    links.send(zero, makeOrder({ deadlineWallMs: Date.now() - 1 }), direct, () => undefined);
    expect((await send(zero)).kind).to.equal('ok');
    expect(rig.cluster.replicas[0]?.batches).to.deep.equal([1]);
  });

  it('gate: bad input and unknown methods are refused by the replica too', async () => {
    const malformed = await send(zero, makeOrder({ payload: Buffer.from([0xff]) }));
    expect(malformed).to.have.nested.property('refusal.reason', 'INVALID_FIELD');
    expect(await send(zero, makeOrder({ method: 'Nothing' }))).to.have.nested.property('refusal.reason', 'INTERNAL');
  });

  it('write concern not met: told with its numbers', async () => {
    const [replica] = rig.cluster.replicas;
    if (replica === undefined) throw new Error('three replicas');
    replica.mode = 'silent';
    const pending = send(zero);
    await until(() => replica.seen.length === 1);
    const receipt = { op: 7, view: 1, copies: 1, committed: false, chain: '0'.repeat(32) } as never;
    replica.seen[0]?.done({ kind: 'notMet', receipt, copiesNeeded: 3 });
    const reply = await pending;
    expect(reply).to.have.nested.property('refusal.reason', 'WRITE_CONCERN_NOT_MET');
    const details = { copies: '1', needed: '3', committed: 'false', op: '7' };
    expect(reply.kind === 'refused' ? reply.refusal.details : undefined).to.deep.equal(details);
  });

  it('link down: tells all calls in flight, and those that come too late', async () => {
    const [replica] = rig.cluster.replicas;
    if (replica === undefined) throw new Error('three replicas');
    replica.mode = 'silent';
    const pending = [send(zero), send(zero)];
    await until(() => replica.seen.length === 2);
    const changes: [number, boolean][] = [];
    links.onChange((index, isUp) => changes.push([index, isUp]));
    await rig.stopReplica(0);
    expect(await Promise.all(pending)).to.deep.equal([
      { kind: 'linkDown', isSent: true },
      { kind: 'linkDown', isSent: true },
    ]);
    await until(() => !links.isUp(zero));
    expect(await send(zero)).to.deep.equal({ kind: 'linkDown', isSent: false });
    await rig.startReplica(0);
    await until(() => links.isUp(zero));
    expect(changes).to.deep.equal([
      [0, false],
      [0, true],
    ]);
  });

  it('large answers and requests: batches are cut to what a message may hold', async () => {
    const motd = messageCodec<object, object>('justhungry.v1.SetMotdRequest');
    const payload = motd.write({ request_id: 'x', motd: 'm'.repeat(900_000) });
    const big = makeOrder({ method: 'SetMotd', payload });
    const replies = await Promise.all(Array.from({ length: 40 }, () => send(zero, big)));
    expect(replies.every((reply) => reply.kind === 'refused')).to.equal(true);
    expect(links.isUp(zero)).to.equal(true);
  });

  describe('token', () => {
    const streams = ['/justhungry.v1.Requests/Exchange', '/justhungry.v1.Replication/Exchange'];
    const unary = ['GetStatus', 'Resign', 'ListOutbox', 'ReadEvents', 'ShareNotice'].map(
      (name) => `/justhungry.v1.Operations/${name}`,
    );
    const asIs = (bytes: Buffer): Buffer => bytes;
    const metadataOf = (value: string | undefined): Metadata => {
      const metadata = new Metadata();
      if (value !== undefined) metadata.set('authorization', value);
      return metadata;
    };
    const outcomes: readonly (readonly [string, string | undefined, status])[] = [
      ['missing', undefined, status.UNAUTHENTICATED],
      ['wrong', 'Bearer guess', status.PERMISSION_DENIED],
      ['another scheme', `Basic ${TOKEN}`, status.PERMISSION_DENIED],
      ['a longer one', `Bearer ${TOKEN}x`, status.PERMISSION_DENIED],
    ];
    for (const [what, value, expected] of outcomes) {
      it(`refused: ${what}, on every service`, async () => {
        const raw = new Client(rig.replicas[0]?.address ?? '', credentials.createInsecure());
        rig.onStop(() => raw.close());
        for (const path of streams) {
          const stream = raw.makeBidiStreamRequest(path, asIs, asIs, metadataOf(value));
          const error = await new Promise<ServiceError>((resolve) => stream.on('error', resolve));
          expect(error.code, path).to.equal(expected);
        }
        for (const path of unary) {
          const error = await new Promise<ServiceError | null>((resolve) => {
            raw.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), metadataOf(value), (failed) => resolve(failed));
          });
          expect(error?.code, path).to.equal(expected);
        }
      });
    }
  });

  describe('operations', () => {
    it('status: as the replica says it, over the wire', async () => {
      const [first] = rig.replicas;
      const client = createOperationsClient(first?.address ?? '', TOKEN);
      rig.onStop(() => client.close());
      expect(await client.status()).to.deep.equal(rig.cluster.replicas[0]?.status());
      (rig.cluster.replicas[0] ?? { takesAlone: false }).takesAlone = true;
      expect(await client.status()).to.include({ takesAlone: true });
      await client.resign('switchover');
      expect(rig.cluster.replicas[0]?.resignations).to.deep.equal(['switchover']);
    });

    it('switchover, resync, restart, progress: as the replica says it, over the wire', async () => {
      const [first] = rig.replicas;
      const client = createOperationsClient(first?.address ?? '', TOKEN);
      rig.onStop(() => client.close());
      const outcome = { isDone: false, reason: 'it is a rig', view: 3, primaryId: first?.id, pauseMs: 7 };
      expect(await client.switchOver('replica-2', 'told to')).to.deep.equal(outcome);
      expect(rig.cluster.replicas[0]?.resignations).to.deep.equal(['to replica-2: told to']);
      expect(await client.resync()).to.equal(undefined);
      expect(await client.resync()).to.equal('it does so already');
      expect(await client.restart()).to.equal(undefined);
      expect(await client.restart()).to.equal('another one is away');
      expect(rig.cluster.replicas[0]?.told).to.deep.equal(['resync', 'resync', 'restart', 'restart']);
      expect(await client.agreeToEnd({ from: 'replica-2', forgets: false, why: 'told to' })).to.equal(undefined);
      expect(await client.agreeToEnd({ from: 'replica-2', forgets: true, why: '' })).to.equal(
        'it is about to end itself',
      );
      expect(rig.cluster.replicas[0]?.told.slice(4)).to.deep.equal([
        'replica-2 ends: told to',
        'replica-2 ends and forgets: ',
      ]);
      const progress = { isCopying: true, bytesDone: 5_000_000_000, bytesTotal: 6_000_000_000, op: 8 };
      expect(await client.copyProgress()).to.deep.equal(progress);
    });

    it('switchover, resync, restart, progress: a stranger may do none of it', async () => {
      const client = createOperationsClient(rig.replicas[0]?.address ?? '', 'guessed');
      rig.onStop(() => client.close());
      const calls = [
        () => client.switchOver('replica-2', ''),
        () => client.resync(),
        () => client.restart(),
        () => client.agreeToEnd({ from: 'replica-2', forgets: true, why: '' }),
        () => client.copyProgress(),
      ];
      for (const call of calls) {
        const error = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).to.have.nested.property('refusal.reason', 'TOKEN_WRONG');
      }
      expect(rig.cluster.replicas[0]?.told).to.deep.equal([]);
      expect(rig.cluster.replicas[0]?.resignations).to.deep.equal([]);
    });

    it('outbox: all of it, in pages, each order once though one leaves meanwhile', async () => {
      const [replica] = rig.cluster.replicas;
      if (replica === undefined) throw new Error('there is a replica');
      const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      const held = Array.from({ length: 1_200 }, (_, number) => outboxItem(idOf(number)));
      replica.held = [...held];
      const client = createOperationsClient(rig.replicas[0]?.address ?? '', TOKEN);
      rig.onStop(() => client.close());
      const { orders, others } = await client.outbox();
      expect(others).to.deep.equal([]);
      expect(orders.map(({ order_id }) => order_id)).to.deep.equal(held.map(({ requestId }) => requestId));
      expect(orders[0]).to.deep.include({ user_code: 'ann', total_pence: 450, unconfirmed: true, op: 0 });
      expect(orders[0]?.placed_at).to.equal('2026-11-21T18:30:00.125Z');
      const page = replica.outbox.bind(replica);
      replica.outbox = (after, limit) => {
        if (after === idOf(499)) replica.held = held.filter(({ requestId }) => requestId !== after);
        return page(after, limit);
      };
      expect((await client.outbox()).orders).to.have.length(1_200);
    });

    it('outbox: orders behind more requests of other services than a page holds are told, and so are those', async () => {
      const [replica] = rig.cluster.replicas;
      if (replica === undefined) throw new Error('there is a replica');
      const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      const message = { service: 'log', update: 'append 0 1 a' };
      const waiting = Array.from({ length: 250 }, (_, number) => ({ ...outboxItem(idOf(number)), ...message }));
      replica.held = [...waiting, outboxItem(idOf(999))];
      const client = createOperationsClient(rig.replicas[0]?.address ?? '', TOKEN);
      rig.onStop(() => client.close());
      const { orders, others } = await client.outbox();
      expect(orders.map(({ order_id }) => order_id)).to.deep.equal([idOf(999)]);
      expect(others.map(({ requestId }) => requestId)).to.deep.equal(waiting.map(({ requestId }) => requestId));
      expect(others[0]).to.include({ service: 'log', acceptedAt: '2026-11-21T18:30:00.125Z' });
    });

    it('status: refused (token wrong, replica dead)', async () => {
      const [first] = rig.replicas;
      for (const [address, reason] of [
        [first?.address ?? '', 'TOKEN_WRONG'],
        ['127.0.0.1:1', 'NO_PRIMARY'],
      ] as const) {
        const client = createOperationsClient(address, 'guess');
        rig.onStop(() => client.close());
        const error = await client.status().catch((failed: unknown) => failed);
        expect(error).to.be.instanceOf(CallRefusedError);
        expect(error).to.have.nested.property('refusal.reason', reason);
      }
    });
  });
});

import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { v4, v7 } from 'uuid';
import { replicaIndex } from '../../src/base/numbers.js';
import type { WireMessage } from '../../src/base/service-contract.js';
import { bindContracts } from '../../src/net/contract-methods.js';
import { PagedRead, StreamRefusedError } from '../../src/net/paged-read.js';
import { createServiceClient, type ServiceClientOptions } from '../../src/net/service-client.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { logContract } from '../../src/services/log/contract.js';
import { waitingList } from '../examples/waiting-list/hosted.js';
import { until } from './support/addresses.js';
import { Rig, STAFF_TOKEN } from './support/rig.js';

interface Guest {
  readonly number: number;
  readonly name: string;
  readonly party: number;
}
interface Joined {
  readonly guest: Guest;
  readonly receipt: {
    readonly op: number;
    readonly copies: number;
    readonly committed: boolean;
    readonly chain: string;
  };
}
interface Listed {
  readonly guests: readonly Guest[];
  readonly as_of: { readonly op: number; readonly replica: string };
}
interface Watched {
  readonly event: { readonly op: number; readonly kind: string; readonly guest: Guest };
}

async function refused(call: Promise<unknown>): Promise<CallRefusedError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallRefusedError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}

describe('contracts', () => {
  let rig: Rig;
  let address: string;
  let client: ServiceClient;
  const counted: [string, string][] = [];

  function clientOf(addresses: readonly string[], options: ServiceClientOptions = {}): ServiceClient {
    const made = createServiceClient(waitingList.contract, addresses, options);
    rig.onStop(() => made.close());
    return made;
  }
  const join = (name: string, more: WireMessage = {}): Promise<Joined> =>
    client.call<Joined>('Join', { name, party: 2, ...more });

  beforeEach(async () => {
    rig = await Rig.start([waitingList]);
    counted.length = 0;
    ({ address } = await rig.frontEnd({ meter: { settled: (method, outcome) => counted.push([method, outcome]) } }));
    client = clientOf([address]);
  });
  afterEach(async () => {
    await rig.stop();
    const bugs = rig.problems.filter((problem) => problem.includes(' failed: '));
    expect(bugs, 'bugs that callers saw as INTERNAL').to.deep.equal([]);
  });

  it('writes and reads: answered through the primary, with receipt and as_of', async () => {
    const { guest, receipt } = await join('Ann');
    expect(guest).to.deep.equal({ number: 1, name: 'Ann', party: 2 });
    expect(receipt).to.include({ op: 2, copies: 2, committed: true });
    expect(receipt.chain).to.match(/^[0-9a-f]{32}$/);
    await join('Böb, "the" 🍜');
    const { guests, as_of: asOf } = await client.call<Listed>('List', {});
    expect(guests.map(({ name }) => name)).to.deep.equal(['Ann', 'Böb, "the" 🍜']);
    expect(asOf).to.include({ op: 3, replica: 'one' });
    expect(counted).to.deep.equal([
      ['waiting-list/Join', 'ok'],
      ['waiting-list/Join', 'ok'],
      ['waiting-list/List', 'ok'],
    ]);
  });

  it('request ids: a repeat is done once, other content is refused, no UUIDv7 is refused', async () => {
    const id = v7();
    const first = await join('Ann', { request_id: id });
    expect((await join('Ann', { request_id: id.toUpperCase() })).guest).to.deep.equal(first.guest);
    expect((await client.call<Listed>('List', {})).guests).to.have.length(1);
    expect((await refused(join('Bob', { request_id: id }))).refusal.reason).to.equal('ID_REUSED');
    for (const request_id of [v4(), '', 'x']) {
      const { refusal } = await refused(join('Ann', { request_id }));
      expect(refusal.reason).to.equal('INVALID_FIELD');
      expect(refusal.details).to.deep.equal({ field: 'request_id' });
    }
  });

  it('write concern: taken from the request, refused where there are not so many disks', async () => {
    expect((await join('Ann', { write_concern: 'all' })).receipt.copies).to.equal(3);
    const { refusal } = await refused(join('Ann', { write_concern: '4' }));
    expect(refusal.details).to.deep.equal({ field: 'write_concern' });
  });

  it('gate: fields are refused by name, bytes that are no such message too', async () => {
    expect((await refused(join(''))).refusal.details).to.deep.equal({ field: 'name' });
    expect((await refused(join('Ann', { party: 21 }))).refusal.details).to.deep.equal({ field: 'party' });
    const raw = new Client(address, credentials.createInsecure());
    rig.onStop(() => raw.close());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const send = (bytes: readonly number[]): Promise<string> =>
      new Promise((resolve) => {
        const path = '/justhungry.waitinglist.v1.WaitingList/Join';
        raw.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), new Metadata(), {}, (error) =>
          resolve(error?.details ?? 'done'),
        );
      });
    expect(await send([0x1a, 0x02, 0xff, 0xfe])).to.match(/name is not valid UTF-8/);
    expect(await send([0x22, 0x01, 0x61])).to.match(/party has another type/);
    expect(await send([0x1a, 0x05, 0x61])).to.match(/name is cut short/);
  });

  it('staff: a staff method needs the token', async () => {
    await join('Ann');
    expect((await refused(client.call('Seat', {}))).refusal.reason).to.equal('TOKEN_MISSING');
    const staff = clientOf([address], { staffToken: STAFF_TOKEN });
    expect((await staff.call<Joined>('Seat', {})).guest).to.include({ name: 'Ann' });
    expect((await staff.call<Joined>('Seat', {})).guest, 'nobody waits').to.equal(null);
  });

  it('consistency: as the caller wishes; what is not known is refused', async () => {
    await join('Ann');
    const session = await client.call<Listed>('List', { consistency: 'session', min_op: 2 });
    expect(session.guests).to.have.length(1);
    rig.cluster.primary = undefined;
    expect((await client.call<Listed>('List', { consistency: 'any' })).guests).to.have.length(1);
    const { refusal } = await refused(client.call('List', { consistency: 9 }));
    expect(refusal.details).to.deep.equal({ field: 'consistency' });
  });

  describe('replica', () => {
    const of = (replica: string, more: WireMessage = {}): Promise<Listed> =>
      client.call<Listed>('List', { replica, ...more }, { deadlineMs: 1_000 });

    it('named: that one answers from what it holds', async () => {
      await join('Ann');
      for (const id of ['three', 'two', 'one']) expect((await of(id)).as_of.replica).to.equal(id);
      const [, , third] = rig.cluster.replicas;
      expect(third?.seen.at(-1)).to.include({ kind: 'read', consistency: 'any', service: 'waiting-list' });
    });

    it('named, with an op: that one answers when it has it', async () => {
      await join('Ann');
      await of('three', { min_op: 2 });
      const [, , third] = rig.cluster.replicas;
      expect(third?.seen.at(-1)).to.include({ kind: 'read', consistency: 'session', minOp: 2 });
    });

    it('primary: whoever acts as primary answers', async () => {
      await join('Ann');
      rig.cluster.primary = replicaIndex(2);
      expect((await of('primary')).as_of.replica).to.equal('three');
      expect((await of('primary', { consistency: 'any' })).as_of.replica).to.equal('three');
    });

    it('linearizable: refused by one that is not primary', async () => {
      expect((await refused(of('two', { consistency: 'linearizable' }))).refusal.reason).to.equal('NO_PRIMARY');
      expect((await of('one', { consistency: 'linearizable' })).as_of.replica).to.equal('one');
    });

    it('unknown: refused with those that there are', async () => {
      const { refusal } = await refused(of('four'));
      expect(refusal.reason).to.equal('INVALID_FIELD');
      expect(refusal.details).to.deep.equal({ field: 'replica' });
      expect(refusal.message).to.contain('one, two, three, primary');
    });

    it('unreachable: refused by name, never answered by another one', async () => {
      await rig.stopReplica(1);
      const { refusal, status } = await refused(of('two'));
      expect(refusal.reason).to.equal('REPLICA_UNREACHABLE');
      expect(status).to.equal('UNAVAILABLE');
      expect(refusal.message).to.match(/^Replica two cannot be reached/);
      expect(refusal.details).to.deep.equal({ replica: 'two', connected: 'false' });
    });

    it('silent: refused by name when the time is up', async () => {
      const [, second] = rig.cluster.replicas;
      if (second !== undefined) second.mode = 'silent';
      const { refusal } = await refused(client.call('List', { replica: 'two' }, { deadlineMs: 500 }));
      expect(refusal.reason).to.equal('REPLICA_UNREACHABLE');
      expect(refusal.details).to.deep.equal({ replica: 'two', connected: 'true' });
    });
  });

  describe('streams', () => {
    /** Reads a stream until the test ends. */
    function watch(
      request: WireMessage,
      from = client,
      resume?: (last: WireMessage) => WireMessage,
    ): { seen: Watched['event'][]; ended: Promise<unknown> } {
      const ending = new AbortController();
      rig.onStop(() => ending.abort());
      const seen: Watched['event'][] = [];
      const read = async (): Promise<void> => {
        const options = resume === undefined ? {} : { resume };
        for await (const { event } of from.stream<Watched>('Watch', request, ending.signal, options)) seen.push(event);
      };
      return {
        seen,
        ended: read().then(
          () => 'ended',
          (error: unknown) => error,
        ),
      };
    }
    const names = (seen: readonly Watched['event'][]): string[] => seen.map(({ guest }) => guest.name);

    it('pages: what was and what comes, each once and in order', async () => {
      const before = Array.from({ length: 230 }, (_, index) => `guest ${index}`);
      for (const name of before) await join(name);
      const { seen } = watch({});
      await until(() => seen.length === 230);
      await join('later');
      await until(() => seen.length === 231);
      expect(names(seen)).to.deep.equal([...before, 'later']);
    });

    it('from: begins where the caller says', async () => {
      await join('Ann');
      await join('Bob');
      const { seen } = watch({ from_op: 3 });
      await until(() => seen.length === 1);
      expect(names(seen)).to.deep.equal(['Bob']);
    });

    it('failover: goes on at another replica', async () => {
      await join('Ann');
      const { seen } = watch({});
      await until(() => seen.length === 1);
      await rig.stopReplica(0);
      rig.cluster.primary = replicaIndex(1);
      await join('Bob');
      await until(() => seen.length === 2);
      await rig.stopReplica(2);
      await join('Cid');
      await until(() => seen.length === 3);
      expect(names(seen)).to.deep.equal(['Ann', 'Bob', 'Cid']);
    });

    it('wait: no busy loop while other services go on', async () => {
      const { seen } = watch({});
      await join('Ann');
      await until(() => seen.length === 1);
      const asked = (): number =>
        rig.cluster.replicas.reduce(
          (sum, { seen: calls }) => sum + calls.filter(({ kind }) => kind === 'read').length,
          0,
        );
      const before = asked();
      const begunMs = performance.now();
      for (let turn = 0; turn < 300; turn++) {
        rig.cluster.coreEntry();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      const pages = (performance.now() - begunMs) / 20 + 2;
      expect(asked() - before).to.be.at.most(pages);
    });

    it('back-pressure: a reader that does not read costs no more than its window', async () => {
      for (let at = 0; at < 200; at++) await join('x'.repeat(50));
      const ending = new AbortController();
      const reader = client.stream<Watched>('Watch', {}, ending.signal)[Symbol.asyncIterator]();
      expect((await reader.next()).value?.event.guest.number).to.equal(1);
      const all = [1];
      while (all.length < 200) all.push((await reader.next()).value?.event.guest.number ?? 0);
      expect(all).to.deep.equal(Array.from({ length: 200 }, (_, at) => at + 1));
      ending.abort();
      expect((await reader.next()).done).to.equal(true);
    });

    it('replica: pages of that one alone; the stream ends when it cannot be reached', async () => {
      await join('Ann');
      const { seen, ended } = watch({ replica: 'three' });
      await until(() => seen.length === 1);
      const readers = rig.cluster.replicas.map(({ seen: calls }) => calls.filter(({ kind }) => kind === 'read').length);
      expect(readers.slice(0, 2)).to.deep.equal([0, 0]);
      await rig.stopReplica(2);
      expect(await ended).to.be.instanceOf(CallRefusedError);
      expect(((await ended) as CallRefusedError).refusal.reason).to.equal('REPLICA_UNREACHABLE');
    });

    it('refused: a replica that there is not', async () => {
      const { ended } = watch({ replica: 'four' });
      expect(((await ended) as CallRefusedError).refusal.details).to.deep.equal({ field: 'replica' });
    });

    it('refused: a consistency that there is not', () => {
      const [tail] = bindContracts([logContract]).flatMap(({ streams }) => streams);
      if (tail === undefined) throw new Error('the message log has a stream');
      const router = { route: () => () => undefined };
      const options = { configuration: { replicas: [] }, router, wallMs: Date.now, waitMs: () => 0 } as never;
      const asked = tail.request.read(Buffer.from([0x10, 9]));
      expect(() => new PagedRead(tail, options, asked as WireMessage))
        .to.throw(StreamRefusedError)
        .with.nested.property('refusal.details')
        .that.deep.equals({ field: 'consistency' });
    });

    it('stop: ended with STOPPING; a client that knows how goes on at the next front end', async () => {
      const first = await rig.frontEnd();
      const both = clientOf([first.address, address]);
      await join('Ann');
      const plain = watch({}, clientOf([first.address]));
      const resumed = watch({}, both, (last) => ({ from_op: (last as unknown as Watched).event.op + 1 }));
      await until(() => plain.seen.length === 1 && resumed.seen.length === 1);
      await first.stop(0);
      expect(((await plain.ended) as CallRefusedError).refusal.reason).to.equal('STOPPING');
      await join('Bob');
      await until(() => resumed.seen.length === 2);
      expect(names(resumed.seen)).to.deep.equal(['Ann', 'Bob']);
    });
  });

  it('front ends: a write goes on at the next one, with its id', async () => {
    const second = await rig.frontEnd();
    const both = clientOf([second.address, address]);
    await second.stop(0);
    expect((await both.call<Joined>('Join', { name: 'Ann', party: 1 })).guest.number).to.equal(1);
  });

  describe('conventions', () => {
    const { contract } = waitingList;
    const [firstMethod, ...others] = contract.methods;
    for (const [what, changed, message] of [
      ['no such proto file', { ...contract, protoFile: 'no/such.proto' }, /no\/such\.proto/],
      ['no such service', { ...contract, fullName: 'justhungry.waitinglist.v1.Nothing' }, /defines no service/],
      ['a method lacks', { ...contract, methods: others }, /does not have method Join/],
      [
        'a method is too many',
        { ...contract, methods: [...contract.methods, { ...firstMethod, name: 'Leave' }] },
        /no method Leave/,
      ],
      [
        'a read that is a write',
        { ...contract, methods: [{ ...firstMethod, kind: 'read' }, ...others] },
        /Join needs the field .*consistency/,
      ],
      ['a name that is taken', { ...contract, service: 'ordering' }, /not free/],
    ] as const) {
      it(`start: refused (${what})`, () => {
        expect(() => bindContracts([changed as typeof contract])).to.throw(message);
      });
    }
    it('start: refused (two of one name)', () => {
      expect(() => bindContracts([contract, contract])).to.throw(/same service name/);
    });
  });
});

import { expect } from 'chai';
import { refusal, type RefusalReason } from '../../../src/base/refusal.js';
import type { WireMessage } from '../../../src/base/service-contract.js';
import { createGroup, deleteGroup, forGroups } from '../../../src/cli/tuples/bulk.js';
import { compareReplicas } from '../../../src/cli/tuples/stats.js';
import { TupleSpace } from '../../../src/cli/tuples/tuple-space.js';
import { CallRefusedError } from '../../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../../src/ports/service-client.js';

const refused = (reason: RefusalReason) => new CallRefusedError(refusal(reason, reason), 'X');

/** A client whose calls are answered by a function, which gets how many were made before; and what was asked. */
function clientOf(answer: (method: string, request: WireMessage, at: number) => object | Error) {
  const asked: { method: string; request: WireMessage }[] = [];
  const client: ServiceClient = {
    async call<Response extends object>(method: string, request: WireMessage) {
      asked.push({ method, request });
      const made = answer(method, request, asked.length - 1);
      if (made instanceof Error) throw made;
      return made as Response;
    },
    stream: () => {
      throw new Error('nothing is streamed');
    },
    close: () => undefined,
  };
  return { client, asked };
}

const RECEIPT = { op: 1, view: 0, copies: 2, committed: true, chain: '' };
const END = { next_page_token: '', problem: 'PATTERNS_PROBLEM_UNSPECIFIED', reason: '' };

describe('the tuple space of commands', () => {
  it('a write whose outcome is unknown is made again under its id', async () => {
    const { client, asked } = clientOf((_method, _request, at) =>
      at < 3 ? refused('OUTCOME_UNKNOWN') : { added: 1, not_added: [], receipt: RECEIPT },
    );
    const { used } = await new TupleSpace(client, 60_000).put([{ key: ['a'], value: ['b'] }]);
    expect(used).to.equal(1);
    expect(asked).to.have.length(4);
    expect(new Set(asked.map(({ request }) => request['request_id'])).size).to.equal(1);
    expect(asked[0]?.request).to.deep.include({ pairs: [{ key: { elements: ['a'] }, value: { elements: ['b'] } }] });
  });

  it('what is settled is told at once', async () => {
    const { client, asked } = clientOf(() => refused('INVALID_FIELD'));
    const error = await new TupleSpace(client, 60_000).put([]).catch((thrown: unknown) => thrown);
    expect(error).to.have.nested.property('refusal.reason', 'INVALID_FIELD');
    expect(asked).to.have.length(1);
  });

  it('bulk: each id by a call of its own; what was not done is named, and does not hold up the others', async () => {
    const { client } = clientOf((_method, request) => {
      const [{ key }] = request['pairs'] as [{ key: { elements: string[] } }];
      const id = key.elements[1];
      if (id === '3') return refused('INVALID_FIELD');
      const pair = { key, value: { elements: ['created'] } };
      const present = { index: 0, pair, reason: 'NOT_USED_REASON_PRESENT', message: 'there' };
      return id === '5'
        ? { added: 0, not_added: [present], receipt: RECEIPT }
        : { added: 1, not_added: [], receipt: RECEIPT };
    });
    const space = new TupleSpace(client, 60_000);
    const ids = Array.from({ length: 300 }, (_, id) => String(id));
    for (const isParallel of [true, false]) {
      const { asked, done, failed } = await forGroups(ids, { isParallel }, (id) => createGroup(space, id));
      expect([asked, done]).to.deep.equal([300, 298]);
      expect(failed.map(({ id, reason }) => [id, reason])).to.have.deep.members([
        ['3', 'INVALID_FIELD'],
        ['5', 'present'],
      ]);
    }
  });

  it('bulk: a group that is not there is not deleted', async () => {
    const { client } = clientOf(() => ({ removed: [], receipt: RECEIPT, ...END }));
    expect(await deleteGroup(new TupleSpace(client, 60_000), '7')).to.include({ reason: 'absent' });
  });

  describe('stats', () => {
    const count = (tuples: number, hash: string, changed_op: number) => ({
      tuples,
      hash,
      changed_op,
      as_of: { op: 99 },
    });
    const statsOf = async (answer: (replica: string, at: number) => object | Error) => {
      const { client, asked } = clientOf((_method, request, at) => answer(String(request['replica']), at));
      return { stats: await compareReplicas(new TupleSpace(client, 300), ['a', 'b'], 500), asked };
    };

    it('equal where count, hash and last change are the same', async () => {
      const { stats } = await statsOf(() => count(3, 'h', 7));
      expect(stats).to.deep.include({ equal: true, op: 7 });
      expect(stats.replicas[1]).to.deep.equal({ id: 'b', tuples: 3, hash: 'h', op: 7, reason: '' });
    });

    it('asks again, for the newest change, where one lags', async () => {
      const { stats, asked } = await statsOf((replica, at) =>
        replica === 'b' && at < 2 ? count(2, 'g', 6) : count(3, 'h', 7),
      );
      expect(stats.equal).to.equal(true);
      expect(asked.at(-1)?.request).to.include({ min_op: 7 });
    });

    it('different where the same change left other pairs', async () => {
      const { stats } = await statsOf((replica) => count(3, replica, 7));
      expect(stats.equal).to.equal(false);
    });

    it('not equal where one does not answer, with the reason', async () => {
      const { stats } = await statsOf((replica) =>
        replica === 'b' ? refused('REPLICA_UNREACHABLE') : count(3, 'h', 7),
      );
      expect(stats.equal).to.equal(false);
      expect(stats.replicas[1]).to.deep.include({ tuples: null, reason: 'REPLICA_UNREACHABLE [REPLICA_UNREACHABLE]' });
    });
  });
});

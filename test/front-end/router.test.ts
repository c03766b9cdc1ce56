import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { dropped, linkDown, ok, reasonOf, refused, Script } from './support/router-script.js';

describe('router', () => {
  it('order: the configured one first, then whoever served', () => {
    const script = new Script();
    script.up.delete(0);
    const first = script.call();
    script.answerLast(ok);
    expect(reasonOf(first.reply)).to.equal('ok');
    script.up.add(0);
    script.call();
    expect(script.asked).to.deep.equal([1, 1]);
  });

  it('hint: followed, and remembered when it serves', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(refused('NO_PRIMARY', 2));
    script.answerLast(ok);
    script.call();
    expect(script.asked).to.deep.equal([0, 2, 2]);
    expect(reasonOf(call.reply)).to.equal('ok');
  });

  it('hint: asked for a relay (the way to the primary is down), once a round', () => {
    const script = new Script();
    script.up.delete(2);
    const call = script.call();
    script.answerLast(refused('NO_PRIMARY', 2));
    expect(script.sent.at(-1)).to.include({ replica: 0, isRelayWanted: true });
    script.answerLast(refused('NO_PRIMARY', 2));
    expect(script.sent.at(-1)).to.include({ replica: 1, isRelayWanted: false });
    script.answerLast(refused('NO_PRIMARY', 2));
    script.pass(5);
    script.answerLast(refused('NO_PRIMARY', 2));
    script.answerLast(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
    script.call();
    expect(script.sent.at(-1)?.replica, 'who relays is no primary').to.equal(0);
  });

  for (const [what, broken] of [
    ['dropped', dropped],
    ['link down', linkDown],
  ] as const) {
    it(`retry: the same bytes after 5 to 20 ms (${what})`, () => {
      const script = new Script();
      const call = script.call();
      script.answerLast(broken);
      expect(script.sent).to.have.length(1);
      script.react = ({ replica, atMs }) => (replica === 1 && atMs >= 100 ? ok : refused('NO_PRIMARY'));
      script.pass(300);
      expect(reasonOf(call.reply)).to.equal('ok');
      const [first] = script.sent;
      expect(script.sent.every(({ call: { payload } }) => payload === first?.call.payload)).to.equal(true);
      const rounds = script.sent.filter(({ replica }) => replica === 0).map(({ atMs }) => atMs);
      const waits = rounds.slice(1).map((atMs, index) => atMs - (rounds[index] ?? 0));
      expect(Math.min(...waits)).to.be.at.least(5);
      expect(Math.max(...waits)).to.be.at.most(25);
    });
  }

  it('search: a few calls look for the primary, all go there when it is found', () => {
    const script = new Script();
    const calls = Array.from({ length: 500 }, () => script.call());
    let primary = -1;
    script.react = ({ replica }) => (replica === primary ? ok : refused('NO_PRIMARY'));
    for (const sent of Array.from(script.sent)) sent.answer(dropped);
    script.link(0, false);
    const before = script.sent.length;
    script.pass(100);
    expect(script.sent.length - before).to.be.below(16 * 2 * 21);
    primary = 1;
    script.pass(30);
    expect(calls.every(({ reply }) => reply?.kind === 'ok')).to.equal(true);
    expect(script.router.callsInFlight).to.equal(0);
  });

  it('hang: others are asked after 300 ms, and everyone follows to the new primary', () => {
    const script = new Script();
    script.call();
    script.answerLast(ok);
    const calls = Array.from({ length: 100 }, () => script.call());
    let primary = 0;
    script.react = ({ replica }) =>
      replica === 0 ? undefined : replica === primary ? ok : refused('NO_PRIMARY', primary);
    script.pass(290);
    expect(script.asked.every((replica) => replica === 0)).to.equal(true);
    script.pass(500);
    expect(calls.some(({ reply }) => reply !== undefined)).to.equal(false);
    primary = 2;
    script.pass(150);
    expect(calls.every(({ reply }) => reply?.kind === 'ok')).to.equal(true);
    script.call();
    expect(script.asked.at(-1)).to.equal(2);
  });

  it('hang: a late answer still counts, once', () => {
    const script = new Script();
    const call = script.call();
    script.pass(400);
    const [first] = script.sent;
    first?.answer(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(script.sent.every(({ replica, isForgotten }) => replica === 0 || isForgotten)).to.equal(true);
  });

  it('silent: others are asked as well (hung), but not while it serves others (busy)', () => {
    const script = new Script();
    const waiting = script.call();
    for (let times = 0; times < 8; times++) {
      script.call();
      script.answerLast(ok);
      script.pass(100);
    }
    expect(new Set(script.asked), 'only the busy primary').to.deep.equal(new Set([0]));
    script.pass(250);
    expect(new Set(script.asked)).to.include(1);
    script.answerLast(ok);
    expect(reasonOf(waiting.reply)).to.equal('ok');
  });

  it('deadline: outcome unknown (sent and silent), a little early', () => {
    const script = new Script();
    const call = script.call({ forMs: 1000 });
    script.pass(940);
    expect(call.reply).to.equal(undefined);
    script.pass(40);
    expect(reasonOf(call.reply)).to.equal('OUTCOME_UNKNOWN');
  });

  it('deadline: no primary, nothing done (all refused, or nobody there)', () => {
    const script = new Script();
    script.react = () => refused('NO_PRIMARY');
    const asked = script.call({ forMs: 500 });
    script.pass(500);
    expect(reasonOf(asked.reply)).to.equal('NO_PRIMARY');
    for (const replica of [0, 1, 2]) script.link(replica, false);
    const alone = script.call({ forMs: 500 });
    script.pass(500);
    expect(reasonOf(alone.reply)).to.equal('NO_PRIMARY');
  });

  it('deadline: outcome unknown (dropped once, then refused)', () => {
    const script = new Script();
    const call = script.call({ forMs: 500 });
    script.answerLast(dropped);
    script.react = () => refused('NO_PRIMARY');
    script.pass(500);
    expect(reasonOf(call.reply)).to.equal('OUTCOME_UNKNOWN');
  });

  it('deadline: a read has no unknown outcome', () => {
    const script = new Script();
    const call = script.call({ forMs: 500, isWrite: false });
    script.pass(500);
    expect(reasonOf(call.reply)).to.equal('NO_PRIMARY');
  });

  it('deadline: passed already', () => {
    const script = new Script();
    expect(reasonOf(script.call({ forMs: 0 }).reply)).to.equal('NO_PRIMARY');
    expect(script.sent).to.deep.equal([]);
  });

  it('no quorum: told at once when all who can be reached say so', () => {
    const script = new Script();
    script.up.delete(1);
    const call = script.call();
    script.answerLast(refused('NO_QUORUM'));
    expect(call.reply).to.equal(undefined);
    script.answerLast(refused('NO_QUORUM'));
    expect(reasonOf(call.reply)).to.equal('NO_QUORUM');
  });

  it('no quorum: told at once though another recovers, which is of no quorum', () => {
    const script = new Script();
    script.up.delete(1);
    const call = script.call();
    script.answerLast(refused('NO_QUORUM'));
    script.answerLast(refused('DAMAGED'));
    expect(reasonOf(call.reply)).to.equal('NO_QUORUM');
  });

  it('no quorum: not concluded from replicas that recover alone', () => {
    const script = new Script();
    script.up.delete(1);
    const call = script.call();
    script.answerLast(refused('DAMAGED'));
    script.answerLast(refused('DAMAGED'));
    expect(call.reply).to.equal(undefined);
  });

  it('no quorum: waited for while one says otherwise', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(refused('NO_QUORUM'));
    script.answerLast(refused('NO_PRIMARY'));
    script.answerLast(refused('NO_QUORUM'));
    expect(call.reply).to.equal(undefined);
    script.pass(5);
    script.answerLast(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
  });

  it('no quorum: the outcome is unknown where an attempt broke off before', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(linkDown);
    script.react = () => refused('NO_QUORUM');
    script.pass(20);
    expect(reasonOf(call.reply)).to.equal('OUTCOME_UNKNOWN');
  });

  for (const reason of ['WRITE_CONCERN_NOT_MET', 'PRICE_CHANGED', 'INVALID_FIELD', 'UNCONFIRMED'] as const) {
    it(`answers: passed through (${reason})`, () => {
      const script = new Script();
      const call = script.call();
      script.answerLast(refused(reason));
      expect(reasonOf(call.reply)).to.equal(reason);
    });
  }

  const read = { target: 'any', isWrite: false } as const;

  it('reads of any replica: spread, and answered by another when one is gone', () => {
    const script = new Script();
    for (let count = 0; count < 4; count++) script.call(read);
    expect(script.asked).to.deep.equal([0, 1, 2, 0]);
    const call = script.call(read);
    script.answerLast({ kind: 'linkDown', isSent: false });
    script.answerLast(refused('DAMAGED'));
    script.answerLast(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(script.asked.slice(4)).to.deep.equal([1, 2, 0]);
  });

  it('reads of any replica: the backups in turn; the primary only when no backup is there', () => {
    const script = new Script();
    script.call();
    script.answerLast(ok);
    for (let count = 0; count < 6; count++) script.call(read);
    expect(script.asked.slice(1)).to.deep.equal([1, 2, 1, 2, 1, 2]);
    script.link(1, false);
    script.link(2, false);
    script.call(read);
    expect(script.asked.at(-1)).to.equal(0);
  });

  it('reads of any replica: the backup with fewer of them under way', () => {
    const script = new Script();
    script.call();
    script.answerLast(ok);
    for (let count = 0; count < 4; count++) script.call(read);
    // Those of one backup are answered, the other is slow.
    for (const sent of Array.from(script.sent)) if (sent.replica === 2) sent.answer(ok);
    script.call(read);
    script.call(read);
    expect(script.asked.slice(5)).to.deep.equal([2, 2]);
  });

  it('reads of any replica: a backup that is silent is asked last, until it answers', () => {
    const script = new Script({ hedgeMs: 300 });
    script.call();
    script.answerLast(ok);
    const slow = script.call(read);
    const silent = script.sent.at(-1);
    expect(silent?.replica).to.equal(1);
    script.pass(320);
    expect(script.asked.at(-1), 'hedged').to.equal(2);
    for (let count = 0; count < 3; count++) {
      script.call(read);
      expect(script.asked.at(-1)).to.equal(2);
      script.answerLast(ok);
    }
    silent?.answer(ok);
    expect(reasonOf(slow.reply)).to.equal('ok');
    script.call(read);
    script.call(read);
    expect(new Set(script.asked.slice(-2))).to.deep.equal(new Set([1, 2]));
  });

  it('nobody there: the call goes out when a way opens', () => {
    const script = new Script();
    for (const replica of [0, 1, 2]) script.link(replica, false);
    const call = script.call();
    expect(script.sent).to.deep.equal([]);
    script.link(1, true);
    script.pass(0);
    script.answerLast(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
  });

  it('limits: refused beyond the maximum in flight', () => {
    const script = new Script({ callsMax: 2 });
    script.call();
    script.call();
    expect(reasonOf(script.call().reply)).to.equal('OVERLOADED');
    script.answerLast(ok);
    expect(script.call().reply).to.equal(undefined);
  });

  it('giving up: forgets the call', () => {
    const script = new Script();
    const call = script.call();
    call.giveUp();
    script.pass(10_000);
    expect(call.reply).to.equal(undefined);
    expect(script.router.callsInFlight).to.equal(0);
    expect(script.sent).to.have.length(1);
  });

  it('close: everyone is told', () => {
    const script = new Script();
    const sent = script.call();
    for (const replica of [0, 1, 2]) script.link(replica, false);
    const parked = script.call();
    script.router.close();
    expect([reasonOf(sent.reply), reasonOf(parked.reply)]).to.deep.equal(['OUTCOME_UNKNOWN', 'STOPPING']);
  });

  it('overloaded replica: the customer is told so at once, and nothing was done', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(refused('OVERLOADED'));
    expect(reasonOf(call.reply)).to.equal('OVERLOADED');
    expect(script.sent).to.have.length(1);
  });

  it('overloaded replica, after an attempt that may have been done: asked again later, and never called undone', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(linkDown);
    script.react = () => refused('OVERLOADED');
    script.pass(4_900);
    expect(reasonOf(call.reply)).to.equal(undefined);
    const times = script.sent.slice(1).map(({ atMs }) => atMs);
    const waits = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(Math.min(...waits)).to.be.at.least(200);
    expect(Math.max(...waits)).to.be.at.most(250);
    script.pass(100);
    expect(reasonOf(call.reply)).to.equal('OUTCOME_UNKNOWN');
  });

  it('overloaded replica, after an attempt that may have been done: its later answer counts', () => {
    const script = new Script();
    const call = script.call();
    script.answerLast(linkDown);
    script.react = ({ atMs }) => (atMs < 1_000 ? refused('OVERLOADED') : ok);
    script.pass(1_500);
    expect(reasonOf(call.reply)).to.equal('ok');
  });
});

describe('router: a read of one replica', () => {
  const read = { target: replicaIndex(1), isWrite: false } as const;

  it('asks that one alone; when it is silent that is told a fifth of the time before the deadline', () => {
    const script = new Script({ replicaIds: ['a', 'b', 'c'] });
    const call = script.call({ ...read, forMs: 2000 });
    script.pass(1500);
    expect(call.reply).to.equal(undefined);
    expect(script.asked).to.deep.equal([1]);
    script.pass(150);
    expect(call.reply).to.deep.include({ kind: 'refused' });
    expect(reasonOf(call.reply)).to.equal('REPLICA_UNREACHABLE');
  });

  it('waits a moment for its way, then says that it cannot be reached', () => {
    const script = new Script({ replicaIds: ['a', 'b', 'c'] });
    script.up.delete(1);
    const lost = script.call(read);
    script.pass(200);
    expect(lost.reply).to.equal(undefined);
    script.pass(200);
    expect(reasonOf(lost.reply)).to.equal('REPLICA_UNREACHABLE');
    const soon = script.call(read);
    script.pass(100);
    script.link(1, true);
    script.pass(20);
    script.answerLast(ok);
    expect(reasonOf(soon.reply)).to.equal('ok');
    expect(script.asked).to.deep.equal([1]);
  });

  it('tells what that one says, and never takes it for the primary', () => {
    const script = new Script();
    const call = script.call(read);
    script.answerLast(refused('NO_PRIMARY', 2));
    expect(reasonOf(call.reply)).to.equal('NO_PRIMARY');
    script.call(read);
    script.answerLast(ok);
    script.call();
    expect(script.asked).to.deep.equal([1, 1, 0]);
  });

  it('a connection that breaks is waited for, then told', () => {
    const script = new Script();
    const call = script.call(read);
    script.link(1, false);
    script.answerLast(linkDown);
    expect(call.reply).to.equal(undefined);
    script.pass(400);
    expect(reasonOf(call.reply)).to.equal('REPLICA_UNREACHABLE');
  });

  it('a view that was left is asked about again (dropped)', () => {
    const script = new Script();
    const call = script.call(read);
    script.answerLast(dropped);
    script.pass(40);
    script.answerLast(ok);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(script.asked).to.deep.equal([1, 1]);
  });
});

describe('router: calls that may wait at a replica', () => {
  it('others are asked after a second, each once, and orders are not held up by any number of them', () => {
    const script = new Script();
    const waiting = { target: 'any', isWrite: false, mayWait: true, forMs: 10_000 } as const;
    for (let at = 0; at < 200; at++) script.call(waiting);
    script.pass(950);
    expect(script.sent).to.have.length(200);
    script.pass(4_000);
    expect(script.sent).to.have.length(600);
    const begunMs = script.nowMs;
    script.call();
    script.pass(340);
    const orders = script.sent.slice(600);
    expect(orders.map(({ replica }) => replica)).to.deep.equal([0, 1]);
    expect((orders[1]?.atMs ?? 0) - begunMs).to.be.within(300, 340);
  });
});

import { expect } from 'chai';
import { refusal } from '../../src/base/refusal.js';
import type { ForwardedReply } from '../../src/ports/request-links.js';
import { dropped, linkDown, ok, reasonOf, refused, Script } from './support/router-script.js';

const order = { mayBeTakenAlone: true } as const;
/** What one replica without a majority says of the order itself. */
const priceChanged: ForwardedReply = {
  kind: 'refused',
  refusal: refusal('PRICE_CHANGED', 'PRICE_CHANGED', { alone: 'true' }),
  primary: undefined,
};

/** Every replica refuses with NO_QUORUM; to what is asked alone, `answer`. */
function withoutMajority(answer: ForwardedReply | ((replica: number) => ForwardedReply)): Script {
  const script = new Script();
  script.react = ({ replica, isAlone }) => {
    if (!isAlone) return refused('NO_QUORUM');
    return typeof answer === 'function' ? answer(replica) : answer;
  };
  return script;
}

const askedAlone = (script: Script): number[] =>
  script.sent.filter(({ isAlone }) => isAlone).map(({ replica }) => replica);

describe('router: orders without a majority', () => {
  it('an order is handed to one replica when everybody says that there is no majority', () => {
    const script = withoutMajority(ok);
    const call = script.call(order);
    script.pass(10);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(script.asked).to.deep.equal([0, 1, 2, 0]);
    expect(askedAlone(script)).to.deep.equal([0]);
  });

  it('what may not be taken alone is refused as before', () => {
    const script = withoutMajority(ok);
    const calls = [script.call(), script.call({ isWrite: false }), script.call({ method: 'CancelOrder' })];
    script.pass(10);
    expect(calls.map(({ reply }) => reasonOf(reply))).to.deep.equal(['NO_QUORUM', 'NO_QUORUM', 'NO_QUORUM']);
    expect(askedAlone(script)).to.deep.equal([]);
  });

  it('who answered alone is not taken for the primary', () => {
    const script = withoutMajority(ok);
    script.call(order);
    script.pass(10);
    const before = script.sent.length;
    script.up.delete(0);
    script.react = ({ replica }) => (replica === 1 ? ok : refused('NO_QUORUM'));
    const call = script.call(order);
    script.pass(10);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(script.sent.slice(before).map(({ replica, isAlone }) => [replica, isAlone])).to.deep.equal([[1, false]]);
  });

  it('not yet (a primary may come): asked again until one takes it', () => {
    let mayTake = false;
    const script = withoutMajority(() => (mayTake ? ok : refused('NO_PRIMARY')));
    const call = script.call(order);
    script.pass(900);
    expect(call.reply).to.equal(undefined);
    expect(new Set(askedAlone(script))).to.deep.equal(new Set([0, 1, 2]));
    mayTake = true;
    script.pass(50);
    expect(reasonOf(call.reply)).to.equal('ok');
  });

  it('not yet, up to the deadline: refused with the reason of the replicas, nothing was done', () => {
    const script = withoutMajority(refused('NO_PRIMARY'));
    const call = script.call({ ...order, forMs: 1_000 });
    script.pass(1_000);
    expect(reasonOf(call.reply)).to.equal('NO_QUORUM');
    expect(script.router.callsInFlight).to.equal(0);
  });

  it('a replica that cannot: the next one', () => {
    const script = withoutMajority((replica) => (replica === 2 ? ok : refused('DAMAGED')));
    const call = script.call(order);
    script.pass(20);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(askedAlone(script)).to.deep.equal([0, 1, 2]);
  });

  it('while one speaks of a view change, only after a while', () => {
    const script = new Script();
    script.react = ({ replica, isAlone }) => {
      if (isAlone) return ok;
      return replica === 0 ? refused('NO_QUORUM') : refused('NO_PRIMARY');
    };
    const call = script.call(order);
    script.pass(950);
    expect(call.reply).to.equal(undefined);
    expect(askedAlone(script)).to.deep.equal([]);
    script.pass(100);
    expect(reasonOf(call.reply)).to.equal('ok');
    expect(askedAlone(script)).to.deep.equal([0]);
  });

  it('never where all speak of a view change: nobody knows that there is no majority', () => {
    const script = new Script();
    script.react = ({ isAlone }) => (isAlone ? ok : refused('NO_PRIMARY'));
    const call = script.call({ ...order, forMs: 3_000 });
    script.pass(3_000);
    expect(reasonOf(call.reply)).to.equal('NO_PRIMARY');
    expect(askedAlone(script)).to.deep.equal([]);
  });

  it('silent replicas are no more reachable than dead ones', () => {
    const script = new Script();
    script.react = ({ replica, isAlone }) => {
      if (replica !== 1) return undefined;
      return isAlone ? ok : refused('NO_QUORUM');
    };
    const call = script.call(order);
    script.pass(2_000);
    expect(reasonOf(call.reply)).to.equal('ok');
  });

  for (const reply of [priceChanged, refused('OVERLOADED'), refused('NO_QUORUM')])
    it(`refused alone (${reasonOf(reply as never)}): told, and unknown where an earlier attempt may have got through`, () => {
      const script = withoutMajority(reply);
      const call = script.call(order);
      script.pass(10);
      expect(reasonOf(call.reply)).to.equal(reasonOf(reply as never));
      script.react = undefined;
      const uncertain = script.call(order);
      script.answerLast(linkDown);
      script.react = ({ isAlone }) => (isAlone ? reply : refused('NO_QUORUM'));
      script.pass(50);
      expect(reasonOf(uncertain.reply)).to.equal('OUTCOME_UNKNOWN');
    });

  it('what one replica knows to be committed is an answer, whatever was tried before', () => {
    const script = new Script();
    const call = script.call(order);
    script.answerLast(linkDown);
    script.react = ({ isAlone }) => (isAlone ? refused('ID_REUSED') : refused('NO_QUORUM'));
    script.pass(50);
    expect(reasonOf(call.reply)).to.equal('ID_REUSED');
  });

  for (const reply of [dropped, linkDown])
    it(`an attempt that breaks off (${reply.kind}): asked again, and unknown when no one can tell`, () => {
      let breaks = 1;
      const script = withoutMajority(() => (breaks-- > 0 ? reply : ok));
      const call = script.call(order);
      script.pass(100);
      expect(reasonOf(call.reply)).to.equal('ok');
      const broken = withoutMajority(reply);
      const never = broken.call({ ...order, forMs: 500 });
      broken.pass(500);
      expect(reasonOf(never.reply)).to.equal('OUTCOME_UNKNOWN');
    });

  it('many at once: when one is taken, the others are handed over without another search', () => {
    let mayTake = false;
    const script = withoutMajority(() => (mayTake ? ok : refused('NO_PRIMARY')));
    const calls = Array.from({ length: 2_000 }, () => script.call(order));
    script.pass(200);
    const before = script.sent.length;
    mayTake = true;
    script.pass(50);
    for (const { reply } of calls) expect(reasonOf(reply)).to.equal('ok');
    expect(script.sent.length - before).to.be.below(2 * calls.length);
  });

  it('a primary that turns up serves what is waiting', () => {
    const script = withoutMajority(refused('NO_PRIMARY'));
    const call = script.call(order);
    script.pass(100);
    script.react = ({ replica }) => (replica === 1 ? ok : refused('NO_PRIMARY', 1));
    script.pass(50);
    expect(reasonOf(call.reply)).to.equal('ok');
  });
});

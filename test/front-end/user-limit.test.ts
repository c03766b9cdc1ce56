import { expect } from 'chai';
import { UserBuckets } from '../../src/front-end/user-limit.js';

describe('rate limit per user code', () => {
  let nowMs: number;
  const clock = { monotonicMs: () => nowMs };
  beforeEach(() => {
    nowMs = 1_000_000;
  });
  /** How many of `tries` calls in a row are let in. */
  const letIn = (limit: UserBuckets, user: string, tries: number): number =>
    Array.from({ length: tries }, () => limit.refusal(user)).filter((refused) => refused === undefined).length;

  it('burst: so many at once, then the rate', () => {
    const limit = new UserBuckets({ perUserPerSecond: 2, burst: 5, clock });
    expect(letIn(limit, 'ann', 20)).to.equal(5);
    nowMs += 1_000;
    expect(letIn(limit, 'ann', 20)).to.equal(2);
    nowMs += 3_600_000;
    expect(letIn(limit, 'ann', 20)).to.equal(5);
  });

  it('refusal: says when to come back, and then it is let in', () => {
    const limit = new UserBuckets({ perUserPerSecond: 4, burst: 1, clock });
    expect(limit.refusal('ann')).to.equal(undefined);
    const refused = limit.refusal('ann');
    expect(refused?.reason).to.equal('RATE_LIMITED');
    expect(refused?.retryDelayMs).to.equal(250);
    nowMs += 249;
    expect(limit.refusal('ann')?.retryDelayMs).to.equal(1);
    nowMs += 1;
    expect(limit.refusal('ann')).to.equal(undefined);
  });

  it('users: one does not use up the time of another; who names no user is not counted', () => {
    const limit = new UserBuckets({ perUserPerSecond: 0.5, burst: 1, clock });
    expect(letIn(limit, 'ann', 3)).to.equal(1);
    expect(letIn(limit, 'bob', 3)).to.equal(1);
    for (let call = 0; call < 100; call++) expect(limit.refusal(undefined)).to.equal(undefined);
  });

  it('memory: of too many users the one asked least recently is forgotten', () => {
    const limit = new UserBuckets({ perUserPerSecond: 0.001, burst: 1, clock, usersMax: 2 });
    for (const user of ['ann', 'bob', 'ann', 'eve']) limit.refusal(user);
    // Bob was forgotten and begins anew; Ann, who asked after him, was not.
    expect(limit.refusal('ann')?.reason).to.equal('RATE_LIMITED');
    expect(limit.refusal('bob')).to.equal(undefined);
  });
});

import { expect } from 'chai';
import { commonState, type Comparable } from '../../src/operations/common-op.js';
import type { NoteAnswer, StateNote } from '../../src/ports/inspection.js';

const noteOf = (op: number): StateNote => ({ op, view: 0, chain: 'c', files: [], counts: {} });

/** Replicas that apply ops as time goes by; each asked moves the time on. */
class Cluster {
  nowMs = 0;
  /** Ops asked for. */
  readonly asked: number[] = [];
  readonly clock = { monotonicMs: () => this.nowMs };

  constructor(
    /** What a replica has applied at a time. */
    readonly appliedAt: (id: string, ms: number) => number,
    /** When a question reaches a replica, ms after it was sent. */
    readonly delayMs = 5,
  ) {}

  replica(id: string): Comparable {
    return {
      id,
      applied: this.appliedAt(id, 0),
      noteAt: async (op, waitMs): Promise<NoteAnswer> => {
        this.asked.push(op);
        const sentMs = this.nowMs;
        await Promise.resolve();
        for (let ms = sentMs + this.delayMs; ms <= sentMs + waitMs; ms++) {
          const applied = this.appliedAt(id, ms);
          // Time never goes back, whoever answers first.
          this.nowMs = Math.max(this.nowMs, ms);
          if (ms === sentMs + this.delayMs && applied > op) return { kind: 'passed', applied };
          if (applied >= op) return { kind: 'noted', applied, note: noteOf(op) };
        }
        return { kind: 'notReached', applied: this.appliedAt(id, this.nowMs), why: 'its tables end before' };
      },
    };
  }
}

const ids = ['one', 'two', 'three'];
const compared = (cluster: Cluster, patienceMs = 10_000) =>
  commonState(
    ids.map((id) => cluster.replica(id)),
    cluster.clock,
    patienceMs,
  );

describe('common op', () => {
  it('nothing is written: the op at which all are, at the first attempt', async () => {
    const cluster = new Cluster(() => 42);
    const { op, states } = await compared(cluster);
    expect(op).to.equal(42);
    expect(states.every(({ note }) => note?.op === 42)).to.equal(true);
    expect(cluster.asked).to.deep.equal([42, 42, 42]);
  });

  it('under load: an op ahead that all reach, though one lags', async () => {
    const cluster = new Cluster((id, ms) => Math.floor(Math.max(0, (id === 'three' ? ms - 120 : ms) * 4)) + 1_000);
    const { op, states } = await compared(cluster);
    expect(states.map(({ note }) => note?.op)).to.deep.equal([op, op, op]);
    expect(op).to.be.greaterThan(1_000);
  });

  it('writing ceases while an op ahead is waited for: the op at which they stopped', async () => {
    const cluster = new Cluster((_, ms) => 1_000 + Math.floor(Math.min(ms, 40) * 4));
    const { op, states } = await compared(cluster);
    expect(op).to.equal(1_160);
    expect(states.every(({ note }) => note?.op === op)).to.equal(true);
  });

  it('one stands still: the others are compared, and why it is not', async () => {
    const cluster = new Cluster((id) => (id === 'two' ? 7 : 42));
    const { op, states } = await compared(cluster, 3_000);
    expect(op).to.equal(42);
    expect(states.map(({ note }) => note?.op)).to.deep.equal([42, undefined, 42]);
    expect(states[1]?.why).to.match(/did not reach op 42/);
    expect(cluster.nowMs).to.be.at.most(4_100);
  });

  it('one that fails to answer: told with what it said', async () => {
    const cluster = new Cluster(() => 42);
    const broken: Comparable = { ...cluster.replica('two'), noteAt: () => Promise.reject(new Error('it broke')) };
    cluster.nowMs = 0;
    const { states } = await commonState(
      [cluster.replica('one'), broken],
      {
        monotonicMs: () => (cluster.nowMs += 100),
      },
      1_000,
    );
    expect(states.map(({ note }) => note?.op)).to.deep.equal([42, undefined]);
    expect(states[1]?.why).to.match(/it broke/);
  });
});

import { expect } from 'chai';
import { keptFault } from '../../../src/operations/events/kept-fault.js';
import type { EventKind, ReplicaEvent } from '../../../src/ports/events.js';

const event = (kind: EventKind, reason: string, number: number): ReplicaEvent => ({
  number,
  time: `2026-01-01T00:00:0${number}.000Z`,
  replica: 'replica-1',
  kind,
  view: 0,
  op: 0,
  commit: 0,
  subject: '',
  reason,
  key: '',
});

describe('operations: the last fault that events tell of', () => {
  it('the last of the replica itself; of peers, and what is well again, there is none', () => {
    const events = [
      event('damage', 'orders.csv, row 3: its bytes are others', 1),
      event('read-only', 'it reaches 1 of 3', 2),
      event('writable', 'enough again', 3),
      event('unhealthy', '5 heartbeats missed', 4),
    ];
    expect(keptFault(events)).to.deep.equal({ at: '2026-01-01T00:00:02.000Z', what: 'read-only: it reaches 1 of 3' });
    expect(keptFault(events.slice(0, 1))?.what).to.equal('orders.csv, row 3: its bytes are others');
    expect(keptFault(events.slice(2))).to.equal(undefined);
  });

  it('what somebody wanted is no fault', () => {
    const events = [
      event('disk-full', 'no room', 1),
      event('resigned', 'an operator asked for a switchover to replica-2', 2),
      event('recovering', 'an operator asked for a new copy', 3),
      event('resigned', 'it is being stopped', 4),
    ];
    expect(keptFault(events)?.what).to.equal('no room');
  });
});

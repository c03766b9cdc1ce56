import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { healthOf } from '../../src/vsr/health.js';
import type { State } from '../../src/vsr/state.js';

const HEARTBEAT_MS = 100;
const PEER = replicaIndex(1);

/** What `healthOf` looks at: when the peer was heard, and the interval. */
const heardAt = (ms: number) => ({ heardMs: [0, ms, 0], config: { heartbeatMs: HEARTBEAT_MS } }) as unknown as State;

describe('health of a peer', () => {
  it('more than two missed heartbeats: suspected; more than five: unhealthy; heard once: healthy', () => {
    const told = [0, 100, 200, 201, 300, 500, 501, 60_000].map((nowMs) => healthOf(heardAt(0), PEER, nowMs));
    const [well, ill, dead] = ['healthy', 'suspected', 'unhealthy'] as const;
    expect(told).to.deep.equal([well, well, well, ill, ill, ill, dead, dead]);
    expect(healthOf(heardAt(60_000), PEER, 60_001)).to.equal(well);
  });
});

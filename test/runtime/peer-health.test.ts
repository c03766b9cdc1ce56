import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { PeerHealthWatch } from '../../src/runtime/peer-health.js';
import type { Health } from '../../src/vsr/health.js';

const PEER = replicaIndex(1);
const HEARTBEAT_MS = 100;

/** A watch of one peer, and what it told as `kind@time`. */
function watching({ unhealthyBefore = false } = {}) {
  const told: string[] = [];
  let nowMs = 0;
  let health: Health = 'healthy';
  const watch = new PeerHealthWatch({
    peers: [PEER],
    heartbeatMs: HEARTBEAT_MS,
    startedMs: 0,
    unhealthyBefore: new Set(unhealthyBefore ? [PEER] : []),
    tell: ({ kind }) => told.push(`${kind}@${nowMs}`),
  });
  return {
    told,
    watch,
    at: (ms: number, is: Health, { isHeard = false } = {}): void => {
      nowMs = ms;
      health = is;
      if (isHeard) watch.heard(PEER, ms);
      watch.look(() => health, ms);
    },
  };
}

describe('runtime: health of peers as it is told', () => {
  it('worse is told as the core says it, better when it is heard again', () => {
    const { told, at } = watching();
    at(50, 'healthy', { isHeard: true });
    at(300, 'suspected');
    at(350, 'suspected');
    at(400, 'healthy', { isHeard: true });
    at(700, 'suspected');
    at(1_000, 'unhealthy');
    at(1_300, 'healthy', { isHeard: true });
    expect(told).to.deep.equal(['suspected@300', 'healthy@400', 'suspected@700', 'unhealthy@1000', 'healthy@1300']);
  });

  it('silence that the core forgives, before a view change or after a pause of its own, is no life', () => {
    const { told, at } = watching();
    at(50, 'healthy', { isHeard: true });
    at(600, 'unhealthy');
    at(700, 'healthy');
    at(1_200, 'unhealthy');
    expect(told).to.deep.equal(['unhealthy@600']);
  });

  it('what a dead one had sent and arrives late is no life either', () => {
    const { told, at } = watching();
    at(50, 'healthy', { isHeard: true });
    at(100, 'unhealthy');
    at(150, 'healthy', { isHeard: true });
    at(700, 'unhealthy');
    expect(told).to.deep.equal(['unhealthy@100']);
  });

  it('after a start one that was never heard is not missed at once, but it is', () => {
    const { told, at } = watching();
    at(10, 'unhealthy');
    at(4_900, 'unhealthy');
    at(5_100, 'unhealthy');
    expect(told).to.deep.equal(['unhealthy@5100']);
  });

  it('before the founding nobody is missed', () => {
    const { told, at, watch } = watching();
    at(50, 'healthy', { isHeard: true });
    watch.beginAt(20_000);
    at(20_100, 'unhealthy');
    at(20_200, 'healthy', { isHeard: true });
    expect(told).to.deep.equal([]);
  });

  it('one that was unhealthy when the process before ended is told healthy when it is heard', () => {
    const { told, at } = watching({ unhealthyBefore: true });
    at(100, 'healthy');
    at(250, 'healthy', { isHeard: true });
    expect(told).to.deep.equal(['healthy@250']);
  });

  it('one that takes leave is told as that, and healthy when it is back', () => {
    const { told, at, watch } = watching();
    at(50, 'healthy', { isHeard: true });
    watch.takesLeave(PEER, 'a restart', 60);
    at(100, 'healthy', { isHeard: true });
    at(200, 'unhealthy');
    at(250, 'healthy', { isHeard: true });
    at(700, 'unhealthy');
    at(2_500, 'healthy', { isHeard: true });
    at(2_900, 'suspected');
    expect(told).to.deep.equal(['restarting@200', 'healthy@2500', 'suspected@2900']);
  });

  it('one that takes leave and does not come back is missed', () => {
    const { told, at, watch } = watching();
    at(50, 'healthy', { isHeard: true });
    watch.takesLeave(PEER, 'a restart', 100);
    at(200, 'unhealthy');
    at(30_050, 'unhealthy');
    at(30_100, 'unhealthy');
    expect(told).to.deep.equal(['restarting@200', 'unhealthy@30100']);
  });

  it('shown no better than it was told: what the core forgives is no life', () => {
    const { at, watch } = watching();
    at(50, 'healthy', { isHeard: true });
    at(600, 'unhealthy');
    expect(watch.shownAs(PEER, 'healthy')).to.equal('unhealthy');
    at(1_000, 'healthy', { isHeard: true });
    expect(watch.shownAs(PEER, 'healthy')).to.equal('healthy');
    expect(watch.shownAs(PEER, 'suspected')).to.equal('suspected');
  });
});

import { expect } from 'chai';
import { DeathRecord } from '../../src/cli/supervisor/death-record.js';

describe('death record', () => {
  it('deaths in a row: pauses double from 100 ms; the fifth within 30 s is the last', () => {
    const record = new DeathRecord();
    const after = [0, 1_000, 2_000, 3_000, 4_000].map((at) => record.afterDeath(at));
    expect(after).to.deep.equal([
      { kind: 'restart', afterMs: 100 },
      { kind: 'restart', afterMs: 200 },
      { kind: 'restart', afterMs: 400 },
      { kind: 'restart', afterMs: 800 },
      { kind: 'giveUp' },
    ]);
  });

  it('deaths far apart: are forgotten after 30 s', () => {
    const record = new DeathRecord();
    for (let at = 0; at < 100; at++) expect(record.afterDeath(at * 10_001).kind).to.equal('restart');
    expect(record.afterDeath(10_000_000)).to.deep.equal({ kind: 'restart', afterMs: 100 });
  });
});

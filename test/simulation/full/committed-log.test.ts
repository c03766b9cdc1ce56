import { expect } from 'chai';
import { Violation } from '../checkers.js';
import { CommittedLog } from './committed-log.js';
import { HandWrittenLog } from './entries.js';

/** A log, and what a model of `counters` was given of it. */
function taken(...requests: readonly (readonly [id: string, service: string])[]) {
  const log = new HandWrittenLog().found();
  for (const [id, service] of requests) log.add(id, service, { add: 1 });
  const told: string[] = [];
  const committed = new CommittedLog(
    new Map([
      [
        'counters',
        {
          take: ({ op }) => void told.push(`takes ${op}`),
          onFounded: (seed) => void told.push(`founded ${JSON.stringify(seed)}`),
        },
      ],
    ]),
  );
  return { log, committed, told };
}

describe('simulation: committed log', () => {
  it('committed: objects to a gap, to a request twice, and to a service that nobody has called', () => {
    const { log, committed } = taken(['a', 'counters'], ['a', 'counters']);
    const [, second] = log.entries;
    expect(() => second && committed.take(second)).to.throw(Violation, 'nobody had applied op 1');
    expect(() => log.entries.forEach((entry) => committed.take(entry))).to.throw(
      Violation,
      'a was executed again at op 4',
    );
    const other = taken(['a', 'other']);
    expect(() => other.log.entries.forEach((entry) => other.committed.take(entry))).to.throw(
      Violation,
      'nobody has called',
    );
  });

  it('committed: hands every entry to the model of its service, once, and knows who was executed', () => {
    const { log, committed, told } = taken(['a', 'counters'], ['b', 'counters']);
    for (const entry of [...log.entries, ...log.entries]) committed.take(entry);
    expect(told).to.deep.equal(['founded ""', 'takes 3', 'takes 4']);
    expect([committed.op, committed.requestIds, committed.has('b'), committed.has('c')]).to.deep.equal([
      4,
      ['a', 'b'],
      true,
      false,
    ]);
  });
});

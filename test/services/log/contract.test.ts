import { expect } from 'chai';
import type {
  MethodContract,
  ReadContract,
  StreamContract,
  WriteContract,
} from '../../../src/base/service-contract.js';
import { logContract } from '../../../src/services/log/contract.js';
import { AWKWARD, Driver, requestIdOf } from './log-driver.js';

function method<Kind extends MethodContract['kind']>(name: string, kind: Kind): MethodContract & { kind: Kind } {
  const found = logContract.methods.find((each) => each.name === name);
  if (found?.kind !== kind) throw new Error(`no ${kind} ${name}`);
  return found as MethodContract & { kind: Kind };
}

const append: WriteContract = method('Append', 'write');
const list: ReadContract = method('List', 'read');
const tail: StreamContract = method('Tail', 'stream');

function refusedField(decoded: ReturnType<WriteContract['decode']>): string | undefined {
  return decoded.kind === 'refused' ? decoded.refusal.details?.['field'] : undefined;
}

describe('message log: gate', () => {
  it('takes any text of 1 to 65,536 bytes, as it is', () => {
    for (const value of [...AWKWARD, 'x'.repeat(65_536), '🍕'.repeat(16_384)])
      expect(append.decode({ value })).to.deep.equal({ kind: 'asked', body: { kind: 'append', value } });
  });

  it('refuses an empty one, a longer one and half characters, and does not quote them', () => {
    for (const value of ['', `${'x'.repeat(65_536)}y`, `${'🍕'.repeat(16_384)}y`, 'secret \ud800']) {
      const decoded = append.decode({ value });
      expect(refusedField(decoded)).to.equal('value');
      expect(JSON.stringify(decoded)).to.not.include('secret').and.not.include('xx');
    }
  });

  it('a list is of 100 where nothing is said, of 1,000 at most, and from a key', () => {
    const body = (from: number, limit: number) => ({ kind: 'asked', body: { kind: 'list', from, limit } });
    expect(list.decode({ from: 0, limit: 0 })).to.deep.equal(body(0, 100));
    expect(list.decode({ from: 7, limit: 1000 })).to.deep.equal(body(7, 1000));
    expect(refusedField(list.decode({ from: 0, limit: 1001 }))).to.equal('limit');
    expect(refusedField(list.decode({ from: 2 ** 53, limit: 1 }))).to.equal('from');
    expect(tail.first({ from: 2 ** 53 }).kind).to.equal('refused');
  });

  it('answers go out under the names of the proto file', () => {
    const driver = new Driver();
    driver.append(requestIdOf(1), 'a');
    driver.commit();
    const [message] = driver.list().messages;
    expect(append.respond({ key: 7 })).to.deep.equal({ key: 7 });
    expect(list.respond(driver.list())).to.deep.equal({
      messages: [{ key: 0, value: 'a', op: 3, time: message?.time, request_id: requestIdOf(1) }],
      next_from: 1,
      count: 1,
    });
  });
});

describe('message log: tail', () => {
  /** Streams from a key until it has caught up; what each step gave. */
  function caughtUp(driver: Driver, from: number): { keys: unknown[][]; next: unknown } {
    const keys: unknown[][] = [];
    const first = tail.first({ from });
    if (first.kind === 'refused') throw new Error('refused');
    for (let { request } = first; ;) {
      const decoded = list.decode(request);
      if (decoded.kind === 'refused') throw new Error('refused');
      const answer = driver.log.query({ body: decoded.body });
      if (answer.kind === 'refused') throw new Error('refused');
      const { messages, following } = tail.next(list.respond(answer.body), request);
      for (const each of messages) keys.push((each['messages'] as { key: number }[]).map(({ key }) => key));
      if (following === undefined) throw new Error('a tail never ends');
      if (following.isCaughtUp) return { keys, next: following.request };
      ({ request } = following);
    }
  }

  it('gives every message once and in order, page by page, then waits at the end', () => {
    const driver = new Driver();
    for (let number = 0; number < 2300; number++) driver.append(requestIdOf(number), `${number}`);
    driver.commit();
    const { keys, next } = caughtUp(driver, 0);
    expect(keys.map(({ length }) => length)).to.deep.equal([1000, 1000, 300]);
    expect(keys.flat()).to.deep.equal(Array.from({ length: 2300 }, (_, key) => key));
    expect(next).to.deep.equal({ from: 2300, limit: 1000 });
    expect(caughtUp(driver, 2300)).to.deep.equal({ keys: [], next });
    expect(caughtUp(driver, 2400), 'a key to come').to.deep.equal({ keys: [], next: { from: 2400, limit: 1000 } });
  });
});

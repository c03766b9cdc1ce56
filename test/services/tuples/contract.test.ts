import { expect } from 'chai';
import type { MethodContract, WireMessage } from '../../../src/base/service-contract.js';
import { tuplesContract } from '../../../src/services/tuples/contract.js';

function method<Kind extends MethodContract['kind']>(
  name: string,
  kind: Kind,
): Extract<MethodContract, { kind: Kind }> {
  const found = tuplesContract.methods.find((each) => each.name === name);
  if (found?.kind !== kind) throw new Error(`${name} is no ${kind}`);
  return found as Extract<MethodContract, { kind: Kind }>;
}

const wire = (...elements: string[]) => ({ elements });
const pair = { key: wire('a'), value: wire('b') };
const selection = { keys: { patterns: ['a'] }, values: null, page_size: 0, page_token: '' };

describe('contract of the tuple space', () => {
  // what, method, request, field that is named, problem
  const refused: readonly (readonly [string, string, WireMessage, string, RegExp])[] = [
    ['no pairs', 'Put', { pairs: [] }, 'pairs', /is empty/],
    ['no key', 'Put', { pairs: [pair, { key: null, value: wire('b') }] }, 'pairs[1].key', /is missing/],
    ['no value', 'Post', { pairs: [{ key: wire('a'), value: null }] }, 'pairs[0].value', /is missing/],
    ['many', 'Put', { pairs: Array.from({ length: 1001 }, () => pair) }, 'pairs', /1001 entries, more than 1000/],
    ['large', 'Put', { pairs: [{ key: wire('x'.repeat(600_000)), value: wire('b') }] }, 'pairs', /bytes of texts/],
    ['page', 'Delete', { ...selection, page_size: 1001 }, 'page_size', /is over 1000/],
    ['token', 'Delete', { ...selection, page_token: 'x' }, 'page_token', /none of this service/],
    ['token 0', 'Delete', { ...selection, page_token: '0' }, 'page_token', /none of this service/],
  ];
  for (const [what, name, request, field, problem] of refused)
    it(`refuses by name: ${name}, ${what}`, () => {
      const decoded = method(name, 'write').decode(request);
      expect(decoded).to.have.nested.property('refusal.details.field', field);
      expect(decoded).to.have.nested.property('refusal.message').that.matches(problem);
    });

  it('takes malformed tuples and patterns: they are answered', () => {
    const pairs = [{ key: wire('a b'), value: wire() }];
    expect(method('Put', 'write').decode({ pairs })).to.deep.equal({
      kind: 'asked',
      body: { kind: 'put', pairs: [{ key: ['a b'], value: [] }] },
    });
    expect(method('Delete', 'write').decode({ ...selection, keys: { patterns: ['('] } })).to.deep.equal({
      kind: 'asked',
      body: { kind: 'delete', keys: ['('], values: undefined, limit: 1000, after: 0 },
    });
    expect(method('Get', 'read').decode({ ...selection, keys: null, page_token: '17' })).to.deep.equal({
      kind: 'asked',
      body: { kind: 'get', keys: undefined, values: undefined, limit: 100, after: 17 },
    });
  });

  it('a scan goes through all pages of Get and ends', () => {
    const scan = method('Scan', 'stream');
    const first = scan.first({ keys: { patterns: ['.'] }, values: null, page_token: '' });
    if (first.kind !== 'page') throw new Error('it is refused');
    expect(first.request).to.include({ page_size: 1000, page_token: '' });
    const problem = { problem: 'PATTERNS_PROBLEM_UNSPECIFIED', reason: '' };
    const step = scan.next({ pairs: [pair], next_page_token: '7', ...problem }, first.request);
    expect(step.messages).to.deep.equal([{ pairs: [pair], next_page_token: '7', ...problem }]);
    expect(step.following?.request).to.deep.equal({ ...first.request, page_token: '7' });
    expect(step.following?.isCaughtUp).to.equal(false);
    const empty = scan.next({ pairs: [], next_page_token: '9', ...problem }, first.request);
    expect(empty.messages).to.deep.equal([]);
    expect(empty.following?.request).to.include({ page_token: '9' });
    expect(scan.next({ pairs: [], next_page_token: '', ...problem }, first.request)).to.deep.equal({ messages: [] });
    const malformed = { pairs: [], next_page_token: '', problem: 'PATTERNS_PROBLEM_MALFORMED', reason: 'why' };
    expect(scan.next(malformed, first.request)).to.deep.equal({ messages: [malformed] });
  });

  it('answers as the proto file has it', () => {
    const notUsed = [{ index: 3, pair: { key: ['a'], value: [] }, reason: 'present', message: 'why' }];
    expect(method('Put', 'write').respond({ used: 2, notUsed })).to.deep.equal({
      added: 2,
      not_added: [
        { index: 3, pair: { key: wire('a'), value: wire() }, reason: 'NOT_USED_REASON_PRESENT', message: 'why' },
      ],
    });
    expect(method('Post', 'write').respond({ used: 2, notUsed: [] })).to.deep.equal({ updated: 2, not_used: [] });
    const problem = { kind: 'unsupported', reason: 'why' };
    expect(method('Delete', 'write').respond({ pairs: [], next: 0, problem })).to.deep.equal({
      removed: [],
      next_page_token: '',
      problem: 'PATTERNS_PROBLEM_UNSUPPORTED',
      reason: 'why',
    });
    expect(
      method('Get', 'read').respond({ pairs: [{ key: ['a'], value: ['b'] }], next: 5, problem: undefined }),
    ).to.deep.equal({ pairs: [pair], next_page_token: '5', problem: 'PATTERNS_PROBLEM_UNSPECIFIED', reason: '' });
    expect(method('Count', 'read').respond({ tuples: 1, hash: 'h', op: 2 })).to.deep.equal({
      tuples: 1,
      hash: 'h',
      changed_op: 2,
    });
  });
});

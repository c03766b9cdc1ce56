import { expect } from 'chai';
import { bindContracts } from '../../src/net/contract-methods.js';
import { REQUEST_VALUES_MAX, wireProblem, wireShape } from '../../src/net/wire-check.js';
import { PAIRS_MAX } from '../../src/services/tuples/limits.js';
import { tuplesContract } from '../../src/services/tuples/contract.js';

describe('the wire check', () => {
  const put = bindContracts([tuplesContract])[0]?.messagesOf('Put');
  if (put === undefined) throw new Error('the tuple space has Put');
  const { request, response } = put;
  const elements = (count: number, text: string) => ({ elements: Array.from({ length: count }, () => text) });
  const problemOf = (message: ReturnType<typeof request.read>) => (typeof message === 'string' ? message : undefined);

  it('the largest list that a service takes has few enough values', () => {
    const pairs = Array.from({ length: PAIRS_MAX }, () => ({ key: elements(16, 'a'), value: elements(16, 'b') }));
    expect(problemOf(request.read(request.write({ pairs })))).to.equal(undefined);
  });

  it('a request of very many small values is refused before it is decoded', () => {
    const bytes = request.write({ pairs: [{ key: elements(500_000, ''), value: elements(1, 'a') }] });
    expect(bytes.length).to.be.below(1024 * 1024 + 100);
    expect(problemOf(request.read(bytes))).to.equal(`it has more than ${REQUEST_VALUES_MAX} values`);
  });

  it('unknown fields count as well', () => {
    const shape = wireShape('justhungry.v1.MakeOrderRequest');
    const unknown = Buffer.alloc(2 * 10, Buffer.from([0x78, 0x01]));
    expect(wireProblem(unknown, shape, 10)).to.equal(undefined);
    expect(wireProblem(unknown, shape, 9)).to.equal('it has more than 9 values');
  });

  it('an answer may have more: it is as large as what was asked, and tells of it', () => {
    const not_added = [{ index: 0, pair: { key: elements(REQUEST_VALUES_MAX, ''), value: null } }];
    expect(problemOf(response.read(response.write({ not_added })))).to.equal(undefined);
  });
});

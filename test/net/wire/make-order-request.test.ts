import { expect } from 'chai';
import fc from 'fast-check';
import type {
  MakeOrderRequest,
  MakeOrderRequest__Output,
} from '../../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import { messageCodec } from '../../../src/net/proto-files.js';
import { wireProblem, wireShape } from '../../../src/net/wire-check.js';
import { readMakeOrderRequest } from '../../../src/net/wire/make-order-request.js';
import { damaged, int32s, outcomeOf, TOO_MANY_BYTES, wireTexts, type Outcome } from '../support/wire-oracle.js';

const codec = messageCodec<MakeOrderRequest, MakeOrderRequest__Output>('justhungry.v1.MakeOrderRequest');
const shape = wireShape(codec.name);

const requests: fc.Arbitrary<MakeOrderRequest> = fc.record(
  {
    order_id: fc.oneof(fc.uuid(), wireTexts),
    user_code: wireTexts,
    lines: fc.array(fc.record({ item: wireTexts, quantity: int32s, price_pence: int32s }, { requiredKeys: [] }), {
      maxLength: 4,
    }),
    post_code: wireTexts,
    contact: fc.record({ name: wireTexts, phone: wireTexts, address: wireTexts }, { requiredKeys: [] }),
    notes: wireTexts,
    write_concern: wireTexts,
  },
  { requiredKeys: [] },
);

/** What the walk by the descriptor and protobufjs say, as all other requests are read. */
function reference(bytes: Buffer): Outcome {
  const problem = wireProblem(bytes, shape);
  return problem === undefined ? { kind: 'read', message: codec.read(bytes) } : { kind: 'refused', problem };
}

describe('make order request on the wire', () => {
  it('read: what protobufjs wrote is the object of proto-loader', () => {
    fc.assert(
      fc.property(requests.map(codec.write), (bytes) => {
        expect(readMakeOrderRequest(bytes)).to.deep.equal(codec.read(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('read: damaged bytes are refused, or read, as by descriptor and protobufjs', () => {
    fc.assert(
      fc.property(damaged(requests.map(codec.write)), (bytes) => {
        const ours = outcomeOf(readMakeOrderRequest, bytes);
        if (ours.kind === 'refused' && TOO_MANY_BYTES.test(ours.problem)) return;
        expect(ours).to.deep.equal(reference(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('read: refuse (numbers of too many bytes)', () => {
    // A tag, a length and an int32 in six bytes: protobufjs takes ten of each.
    const six = (last: number): number[] => [0x80 | last, 0x80, 0x80, 0x80, 0x80, 0];
    for (const bytes of [
      [...six(0x0a), 0],
      [0x0a, ...six(1), 0x41],
      [0x1a, 7, 0x10, ...six(1)],
    ]) {
      const ours = outcomeOf(readMakeOrderRequest, Buffer.from(bytes));
      expect(ours).to.have.property('problem').that.matches(TOO_MANY_BYTES);
    }
  });

  it('read: a field twice is the last one, a line twice is two', () => {
    const [first, last] = [{ name: 'Ann', phone: '1' }, { name: 'Bob' }].map((contact) =>
      codec.write({ user_code: contact.name, contact, lines: [{ item: contact.name }] }),
    );
    if (first === undefined || last === undefined) throw new Error('two messages');
    const request = readMakeOrderRequest(Buffer.concat([first, last]));
    expect(request.user_code).to.equal('Bob');
    expect(request.contact).to.deep.equal({ name: 'Bob', phone: '', address: '' });
    expect(request.lines.map(({ item }) => item)).to.deep.equal(['Ann', 'Bob']);
  });
});

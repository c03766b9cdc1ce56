import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { ServiceContract } from '../../src/base/service-contract.js';
import { bindContracts } from '../../src/net/contract-methods.js';
import { MessageTypes } from '../../src/net/message-types.js';
import { loadProtoFiles, messageCodec } from '../../src/net/proto-files.js';
import { wireProblem, wireShape } from '../../src/net/wire-check.js';
import { waitingListContract } from '../examples/waiting-list/contract.js';

const PROTO = `syntax = "proto3";
package justhungry.things.v1;
import "justhungry/v1/ordering.proto";
message Outer {
  message Inner { string text = 1; Kind kind = 2; }
  enum Kind { KIND_UNSPECIFIED = 0; KIND_ONE = 1; }
  Inner inner = 1;
  map<string, Inner> by_name = 2;
  repeated double numbers = 3;
  repeated uint32 counts = 4;
  justhungry.v1.Consistency consistency = 5;
  justhungry.v1.OrderLine line = 6;
  Outer below = 7;
  optional sint64 signed = 8;
  fixed32 fixed = 9;
  Order order = 10;
  repeated Kind kinds = 11;
}
message Order { string own = 1; justhungry.v1.Order other = 2; }
message Beside { Outer.Inner inner = 1; }
`;

/** So many empty texts in fields that are not known. */
const fieldsOf = (count: number): number[] => Array.from({ length: count }, () => [0x7a, 0]).flat();
/** A list of so many numbers, packed. */
const packedOf = (count: number): number[] => [0x22, ...lengthOf(count), ...Array.from({ length: count }, () => 1)];
/** An Outer in an Outer, so many. */
const nested = (depth: number): number[] => {
  let bytes: number[] = [];
  for (let level = 0; level < depth; level++) bytes = [0x3a, ...lengthOf(bytes.length), ...bytes];
  return bytes;
};
const lengthOf = (bytes: number): number[] => (bytes < 128 ? [bytes] : [(bytes % 128) + 128, ...lengthOf(bytes >> 7)]);

describe('messages of other proto files', () => {
  let folder: string;
  let types: MessageTypes;
  let write: (message: object) => Buffer;
  let definitions: ReturnType<typeof loadProtoFiles>;
  const OUTER = 'justhungry.things.v1.Outer';

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-proto-'));
    const file = path.join(folder, 'things.proto');
    writeFileSync(file, PROTO);
    definitions = loadProtoFiles([file]);
    types = new MessageTypes(definitions);
    ({ write } = messageCodec<object, object>(OUTER, definitions));
  });
  after(() => rmSync(folder, { recursive: true }));

  const typeOf = (holder: string, name: string): string => {
    const field = types.fieldsOf(holder)?.find((one) => one.name === name);
    return field === undefined ? 'no such field' : types.typeOf(holder, field);
  };
  const problem = (bytes: Uint8Array, message = OUTER): string | undefined =>
    wireProblem(bytes, wireShape(message, types));

  it('types: nested, imported, of the same name in two packages, and of itself', () => {
    expect(typeOf(OUTER, 'inner')).to.equal(`${OUTER}.Inner`);
    expect(typeOf(`${OUTER}.Inner`, 'kind')).to.equal(`${OUTER}.Kind`);
    expect(typeOf('justhungry.things.v1.Beside', 'inner')).to.equal(`${OUTER}.Inner`);
    expect(typeOf(OUTER, 'consistency')).to.equal('justhungry.v1.Consistency');
    expect(typeOf(OUTER, 'line')).to.equal('justhungry.v1.OrderLine');
    expect(typeOf(OUTER, 'order')).to.equal('justhungry.things.v1.Order');
    expect(typeOf('justhungry.things.v1.Order', 'other')).to.equal('justhungry.v1.Order');
    expect(typeOf(OUTER, 'below')).to.equal(OUTER);
  });

  it('check: whatever the codec writes is such a message', () => {
    const inner = { text: 'Käse 🧀', kind: 'KIND_ONE' };
    const bytes = write({
      inner,
      by_name: { a: inner, ü: inner },
      numbers: [0.5, -1e300],
      counts: [0, 1, 4_294_967_295],
      consistency: 'CONSISTENCY_ANY',
      line: { item: 'Soup', quantity: 1, price_pence: 450 },
      below: { below: { inner } },
      signed: -5,
      fixed: 7,
      order: { own: 'x', other: { order_id: 'y' } },
      kinds: ['KIND_ONE', 'KIND_UNSPECIFIED'],
    });
    expect(problem(bytes)).to.equal(undefined);
    const { read } = messageCodec<object, Record<string, unknown>>(OUTER, definitions);
    expect(read(bytes)).to.deep.include({ numbers: [0.5, -1e300], counts: [0, 1, 4_294_967_295], signed: -5 });
  });

  for (const [what, bytes, expected] of [
    ['text in a nested message', [0x0a, 3, 0x0a, 1, 0xff], 'text is not valid UTF-8'],
    ['text in a map', [0x12, 3, 0x0a, 1, 0xff], 'key is not valid UTF-8'],
    ['text in an imported message', [0x32, 3, 0x0a, 1, 0xff], 'item is not valid UTF-8'],
    ['text far below', [0x3a, 5, 0x0a, 3, 0x0a, 1, 0xff], 'text is not valid UTF-8'],
    ['half a double in a list', [0x1a, 4, 0, 0, 0, 0], 'numbers is cut short'],
    ['half a number in a list', [0x22, 2, 1, 0x80], 'counts is cut short'],
    ['a text as a message', [0x08, 1], 'inner has another type'],
    ['a number as a double', [0x18, 1], 'numbers has another type'],
    ['a tag of six bytes', [0x8a, 0x80, 0x80, 0x80, 0x80, 0, 0], 'a field has a number of too many bytes'],
    ['a length of six bytes', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0], 'inner has a number of too many bytes'],
    ['a uint32 of six bytes', [0x20, 0x81, 0x80, 0x80, 0x80, 0x80, 0], 'counts has a number of too many bytes'],
    ['one of six bytes in a list', [0x22, 6, 0x81, 0x80, 0x80, 0x80, 0x80, 0], 'counts has a number of too many bytes'],
    ['more fields than any request has', fieldsOf(50_001), 'it has more than 50000 values'],
    ['more numbers in a list', packedOf(50_001), 'it has more than 50000 values'],
    ['messages in messages in messages', nested(101), 'messages stand in messages more than 100 deep'],
  ] as const) {
    it(`check: refused (${what})`, () => expect(problem(Uint8Array.from(bytes))).to.equal(expected));
  }

  it('check: as many fields and messages in messages as there may be', () => {
    expect(problem(Uint8Array.from(fieldsOf(50_000)))).to.equal(undefined);
    expect(problem(Uint8Array.from(nested(100)))).to.equal(undefined);
  });

  it('check: a number below 0 takes ten bytes', () => {
    expect(problem(write({ signed: -5, kinds: [-1] }))).to.equal(undefined);
  });

  it('check: numbers of a list may come one by one', () => {
    expect(problem(Uint8Array.from([0x20, 1, 0x20, 2, 0x22, 2, 3, 4]))).to.equal(undefined);
  });

  for (const [what, line, message] of [
    [
      'a write without an id',
      '  string request_id = 1;\n  // Disks',
      /Join needs the field string request_id in .*JoinRequest/,
    ],
    ['a read without a replica', '  string replica = 3;\n', /List needs the field string replica in .*ListRequest/],
    [
      'an answer without its place',
      '  justhungry.v1.AsOf as_of = 2;\n',
      /List needs the field justhungry.v1.AsOf as_of/,
    ],
    [
      'an answer without a receipt',
      '  Guest guest = 1;\n  // How safe it is.\n  justhungry.v1.Receipt receipt = 2;\n',
      /Join needs the field justhungry.v1.Receipt/,
    ],
  ] as const) {
    it(`conventions: refused (${what})`, () => {
      const text = readFileSync(waitingListContract.protoFile, 'utf8');
      expect(text).to.contain(line);
      const file = path.join(folder, 'waiting-list.proto');
      writeFileSync(
        file,
        text.replace(
          line,
          line.includes('// Disks') ? '  // Disks' : line.startsWith('  Guest') ? '  Guest guest = 1;\n' : '',
        ),
      );
      const contract: ServiceContract = { ...waitingListContract, protoFile: file };
      expect(() => bindContracts([contract])).to.throw(message);
    });
  }
});

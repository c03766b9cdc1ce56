import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { MalformedError } from '../../../src/net/wire-values.js';
import { WireReader } from '../../../src/net/wire/wire-reader.js';
import { WireWriter, wireWriter } from '../../../src/net/wire/wire-writer.js';
import { int32s, uint64s } from '../support/wire-oracle.js';

/** The one field of a message, read by `read`. */
function only<T>(bytes: Buffer, read: (reader: WireReader) => T): T {
  const reader = new WireReader(bytes);
  expect(reader.field()).to.equal(9);
  const value = read(reader);
  expect(reader.more()).to.equal(false);
  return value;
}

describe('wire writer and reader', () => {
  it('numbers: come back exactly (up to 2^53, and negative int32)', () => {
    fc.assert(
      fc.property(uint64s, int32s, (natural, signed) => {
        const writer = new WireWriter();
        writer.natural(1, natural);
        writer.int32(2, signed);
        const reader = new WireReader(writer.take());
        const read = [0, 0];
        while (reader.more()) {
          if (reader.field() === 1) read[0] = reader.uint64('natural');
          else read[1] = reader.int32('signed');
        }
        expect(read).to.deep.equal([natural, signed]);
      }),
    );
  });

  it('numbers: refuse to write (what no natural number is)', () => {
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => new WireWriter().natural(1, value)).to.throw(AssertionError);
    }
    expect(() => new WireWriter().int32(1, -(2 ** 31) - 1)).to.throw(AssertionError);
  });

  it('texts: come back, whatever their length and letters', () => {
    const around = [1, 63, 64, 65, 127, 128, 129, 16_383, 16_384, 200_000];
    for (const length of around) {
      for (const letter of ['x', 'é', '日']) {
        const writer = new WireWriter();
        writer.text(9, letter.repeat(length));
        expect(only(writer.take(), (reader) => reader.text('text')) === letter.repeat(length)).to.equal(true);
      }
    }
  });

  it('messages: come back, whatever their length and what was kept for it', () => {
    for (const kept of [1, 2, 3]) {
      for (const length of [0, 1, 100, 127, 128, 16_383, 16_384, 100_000, 3_000_000]) {
        const content = Buffer.alloc(length, length);
        const writer = new WireWriter();
        writer.begin(9, kept);
        writer.bytes(1, content);
        writer.end();
        const read = only(writer.take(), (outer) =>
          outer.message('message', (inner) => {
            expect(inner.field()).to.equal(1);
            const bytes = inner.bytes('content');
            expect(inner.more()).to.equal(false);
            return bytes;
          }),
        );
        expect(read.equals(content), `${length} bytes, ${kept} kept`).to.equal(true);
      }
    }
  });

  it('defaults: are left out, bytes and messages are not', () => {
    const writer = new WireWriter();
    writer.natural(1, 0);
    writer.int32(2, 0);
    writer.bool(3, false);
    writer.text(4, '');
    writer.bytes(5, Buffer.alloc(0));
    writer.begin(6);
    writer.end();
    expect([...writer.take()]).to.deep.equal([0x2a, 0, 0x32, 0]);
  });

  it('memory: what was taken stays as it is when the next message is written', () => {
    const first = wireWriter();
    first.text(9, 'first');
    const taken = first.take();
    const second = wireWriter();
    second.text(9, 'other');
    second.take();
    expect(only(taken, (reader) => reader.text('text'))).to.equal('first');
  });

  it('memory: what an error left unfinished is not in the next message', () => {
    const left = wireWriter();
    left.begin(1);
    left.text(1, 'left');
    const next = wireWriter();
    next.text(9, 'next');
    expect(only(next.take(), (reader) => reader.text('text'))).to.equal('next');
  });

  const refused: readonly (readonly [string, number[], (reader: WireReader) => unknown, RegExp])[] = [
    ['another type', [0x4d, 0, 0, 0, 0], (reader) => reader.text('name'), /^name has another type$/],
    ['a number that is cut short', [0x48, 0x80], (reader) => reader.uint64('name'), /^name is cut short$/],
    ['eleven bytes', [0x48, ...Array<number>(10).fill(0x80), 0], (reader) => reader.uint64('name'), /cut short/],
    ['a text that is cut short', [0x4a, 2, 0x41], (reader) => reader.text('name'), /^name is cut short$/],
    ['a text that is no UTF-8', [0x4a, 1, 0xff], (reader) => reader.text('name'), /^name is not valid UTF-8$/],
    ['a group', [0x4b, 0x4c], (reader) => reader.skip(), /^an unknown field has an unknown type$/],
    ['an unknown field that is cut short', [0x49, 1], (reader) => reader.skip(), /^an unknown field is cut short$/],
    [
      'a field that reaches out of its message',
      [0x4a, 2, 0x0a, 2, 0x41, 0x41],
      (outer) => outer.message('outer', (inner) => [inner.field(), inner.text('inner')]),
      /^inner is cut short$/,
    ],
  ];
  for (const [what, bytes, read, problem] of refused) {
    it(`read: refuse (${what})`, () => {
      expect(() => only(Buffer.from(bytes), read)).to.throw(MalformedError, problem);
    });
  }
});

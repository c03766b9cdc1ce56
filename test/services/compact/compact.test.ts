import { expect } from 'chai';
import fc from 'fast-check';
import { ABSENT, IdIndex } from '../../../src/services/compact/id-index.js';
import { NameIndex } from '../../../src/services/compact/name-index.js';
import { RisingNumbers } from '../../../src/services/compact/rising-numbers.js';
import { wordsOfText } from '../../../src/services/uuid.js';
import { orderIdOf, requestIdOf } from '../ordering/ordering-driver.js';

describe('compact indexes', () => {
  it('id index: is a map from id to the order of adding (random ids)', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { maxLength: 300 }), (ids) => {
        const index = new IdIndex();
        for (const [record, id] of ids.entries()) {
          expect(index.find(id)).to.equal(ABSENT);
          expect(index.add(id)).to.equal(record);
        }
        for (const [record, id] of ids.entries()) {
          expect(index.find(id)).to.equal(record);
          expect(index.idAt(record)).to.equal(id);
        }
        expect(index.count).to.equal(ids.length);
      }),
    );
  });

  it('id index: keeps 100,000 sequential ids of both kinds apart', () => {
    const index = new IdIndex();
    for (let number = 0; number < 50_000; number++) {
      index.add(orderIdOf(number));
      index.add(requestIdOf(number));
    }
    for (let number = 0; number < 50_000; number += 7) {
      expect(index.find(orderIdOf(number))).to.equal(2 * number);
      expect(index.find(requestIdOf(number))).to.equal(2 * number + 1);
    }
    expect(index.find(orderIdOf(50_000))).to.equal(ABSENT);
    expect(index.find('no id')).to.equal(ABSENT);
  });

  it('id index: adds no id twice', () => {
    const index = new IdIndex();
    const words = new Uint32Array(4);
    wordsOfText(orderIdOf(1), words, 0);
    expect(index.addNewWords(words)).to.equal(0);
    expect(index.addNewWords(words)).to.equal(ABSENT);
    expect(() => index.add(orderIdOf(1))).to.throw('indexed once');
    expect(index.count).to.equal(1);
  });

  it('name index: finds names as text and, where ASCII, as bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme' }), { maxLength: 200 }), (names) => {
        const index = new NameIndex();
        for (const [number, name] of names.entries()) expect(index.findOrAdd(name)).to.equal(number);
        for (const [number, name] of names.entries()) {
          const bytes = Buffer.from(`,${name},`);
          const isAscii = bytes.every((byte) => byte < 0x80);
          expect(index.find(name)).to.equal(number);
          expect(index.findOrAdd(name)).to.equal(number);
          expect(index.findBytes(bytes, 1, bytes.length - 1)).to.equal(isAscii ? number : ABSENT);
        }
      }),
    );
  });

  it('rising numbers: come back and are found, over blocks and beyond 32 bits', () => {
    const numbers = new RisingNumbers();
    const at = (index: number): number => index * 3_000_017;
    for (let index = 0; index < 5000; index++) numbers.append(at(index) * (index < 4096 ? 1 : 10));
    expect(numbers.at(4095)).to.equal(at(4095));
    expect(numbers.at(4999)).to.equal(at(4999) * 10);
    expect(numbers.firstAtLeast(at(17))).to.equal(17);
    expect(numbers.firstAtLeast(at(17) + 1)).to.equal(18);
    expect(numbers.firstAtLeast(Number.MAX_SAFE_INTEGER)).to.equal(5000);
    expect(() => numbers.append(0)).to.throw('never fall');
  });
});

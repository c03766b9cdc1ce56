import { expect } from 'chai';
import fc from 'fast-check';
import {
  canonicalUuid,
  isUuid,
  isUuidV7,
  textOfWords,
  uuidV7TimeMs,
  wordsOfBytes,
  wordsOfText,
} from '../../src/services/uuid.js';

describe('uuid', () => {
  it('canonical: lowers the case and refuses nil and what is no UUID', () => {
    expect(canonicalUuid('0F8FAD5B-D9CB-469F-A165-70867728950E')).to.equal('0f8fad5b-d9cb-469f-a165-70867728950e');
    expect(canonicalUuid('00000000-0000-0000-0000-000000000000')).to.equal(undefined);
    for (const text of ['', 'x', '0f8fad5bd9cb469fa16570867728950e', '0f8fad5b-d9cb-469f-a165-70867728950g'])
      expect(canonicalUuid(text), text).to.equal(undefined);
    expect(isUuid('ffffffff-ffff-ffff-ffff-ffffffffffff')).to.equal(true);
  });

  it('version 7: tells it apart and reads its time', () => {
    const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
    expect(isUuidV7(id)).to.equal(true);
    expect(uuidV7TimeMs(id)).to.equal(Date.parse('2022-02-22T19:22:22.000Z'));
    expect(isUuidV7('017f22e2-79b0-4cc3-98c4-dc0c0c07398f')).to.equal(false);
    expect(isUuidV7('017f22e2-79b0-7cc3-78c4-dc0c0c07398f')).to.equal(false);
  });

  it('words: come back as the same text, from text and from bytes', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        const words = new Uint32Array(9);
        expect(wordsOfText(id, words, 1)).to.equal(true);
        expect(wordsOfBytes(Buffer.from(`,${id},`), 1, 37, words, 5)).to.equal(true);
        expect([textOfWords(words, 1), textOfWords(words, 5)]).to.deep.equal([id, id]);
      }),
    );
  });

  it('words: refuse whatever differs in one place', () => {
    const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
    const words = new Uint32Array(4);
    for (let at = 0; at < id.length; at++)
      for (const other of ['g', 'A', '-', 'ÿ', 'ā', '0'].filter((mark) => (mark === '0') === (id[at] === '-'))) {
        if (other === id[at]) continue;
        const wrong = id.slice(0, at) + other + id.slice(at + 1);
        expect(wordsOfText(wrong, words, 0), wrong).to.equal(false);
        const bytes = Buffer.from(wrong);
        expect(wordsOfBytes(bytes, 0, bytes.length, words, 0), wrong).to.equal(false);
      }
  });
});

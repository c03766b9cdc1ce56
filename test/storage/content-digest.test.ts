import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { BLOCK_BYTES, ContentDigest } from '../../src/storage/content-digest.js';

const content = Buffer.from(Array.from({ length: 2 * BLOCK_BYTES + 100 }, (_, at) => (at * 7) % 251));

/** The digest of `content`, taken in pieces of these lengths and the rest. */
function digestOf(...lengths: readonly number[]): ContentDigest {
  const digest = ContentDigest.empty();
  let at = 0;
  for (const length of [...lengths, content.length]) {
    digest.update(content.subarray(at, at + length));
    at += length;
  }
  return digest;
}

describe('content digest', () => {
  for (const lengths of [[], [1, 2, 3], [BLOCK_BYTES], [BLOCK_BYTES - 1, 2], [BLOCK_BYTES + 1, BLOCK_BYTES]])
    it(`digest: is the same however the content comes (${lengths.join(', ') || 'at once'})`, () => {
      const digest = digestOf(...lengths);
      expect(digest.length).to.equal(content.length);
      expect(digest.hash()).to.equal(createHash('sha256').update(content).digest('hex'));
      expect(digest.firstDamaged(0, content)).to.equal(undefined);
      expect(digest.firstDamaged(1, content.subarray(BLOCK_BYTES))).to.equal(undefined);
    });

  it('digest: tells the block in which any bit has turned over', () => {
    const digest = digestOf();
    for (const at of [0, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES + 99]) {
      const rotten = Buffer.from(content);
      rotten[at] = (rotten[at] ?? 0) ^ 4;
      expect(digest.firstDamaged(0, rotten)).to.equal(Math.floor(at / BLOCK_BYTES));
    }
  });

  it('digest: a copy goes on by itself', () => {
    const digest = digestOf();
    const copy = digest.copy();
    copy.update(Buffer.from('more'));
    expect(digest.firstDamaged(0, content)).to.equal(undefined);
    expect(copy.firstDamaged(0, Buffer.concat([content, Buffer.from('more')]))).to.equal(undefined);
    expect(copy.hash()).to.not.equal(digest.hash());
  });
});

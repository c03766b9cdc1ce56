import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { op } from '../../src/base/numbers.js';
import { DiskFullError, type CheckpointOffer } from '../../src/ports/storage.js';
import { Incoming } from '../../src/storage/incoming.js';
import { simulated } from '../support/storage-folders.js';

const BYTES = 60;
const NAMES = ['orders.csv', 'receipts.csv', 'menu.csv'] as const;

/** What two peers hold: they should be the same, but one may have gone another way from some byte on. */
const peers = fc.tuple(fc.nat(BYTES), fc.boolean()).map(([differs, isOther]) => {
  const whole = (text: string): string => text.repeat(BYTES / 2);
  const other = (text: string): string => (isOther ? text.slice(0, differs) + text.slice(differs).toUpperCase() : text);
  return [whole('ab'), other(whole('ab'))] as const;
});
const lengths = fc.tuple(fc.nat(BYTES), fc.nat(BYTES), fc.nat(BYTES));
const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('offer' as const), peer: fc.nat(1), lengths }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('pieces' as const), count: fc.nat(12) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('room' as const), bytes: fc.constantFrom(0, 30, Infinity) }),
    },
  ),
  { minLength: 3, maxLength: 14 },
);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('storage: a checkpoint that is received', () => {
  it('is found good only when it is byte for byte what was offered, whatever was staged before (room or none)', () => {
    let good = 0;
    fc.assert(
      fc.property(peers, steps, fc.boolean(), (texts, all, menuGrows) => {
        const { fileSystem, folder } = simulated();
        const incoming = new Incoming(fileSystem, folder);
        // As the core counts: a piece that found no room counts as staged.
        const staged = new Map<string, number>();
        let wasFull = false;
        let under: { offer: CheckpointOffer; text: string } | undefined;
        let file = 0;
        let offset = 0;
        const begin = (): void => {
          offset = staged.get(NAMES[file] ?? '') ?? 0;
        };
        for (const step of all) {
          if (step.kind === 'room') {
            fileSystem.limitRoom(step.bytes);
            continue;
          }
          if (step.kind === 'offer') {
            const text = texts[step.peer] ?? '';
            const files = NAMES.map((name, at) => {
              const length = step.lengths[at] ?? 0;
              const grows = name !== 'menu.csv' || menuGrows;
              return { name, length, hash: sha256(text.slice(0, length)), grows };
            });
            under = { text, offer: { head: { base: { op: op(1), chain: '', timeMs: 0 }, snapshots: {} }, files } };
            const kept = new Map<string, number>();
            for (const { name, length, grows } of files) {
              const bytes = Math.min(staged.get(name) ?? 0, length);
              if (grows && bytes > 0) kept.set(name, bytes);
            }
            if (kept.size === 0) wasFull = false;
            staged.clear();
            for (const [name, bytes] of kept) staged.set(name, bytes);
            incoming.begin(kept);
            file = 0;
            begin();
            continue;
          }
          if (under === undefined) continue;
          const { offer, text } = under;
          for (let count = 0; count < step.count && file < NAMES.length;) {
            const one = offer.files[file];
            if (one === undefined) break;
            if (offset >= one.length) {
              file++;
              begin();
              continue;
            }
            const piece = text.slice(offset, Math.min(offset + 7, one.length));
            try {
              incoming.stage(one.name, offset, Buffer.from(piece));
            } catch (error) {
              if (!(error instanceof DiskFullError)) throw error;
              wasFull = true;
            }
            offset += piece.length;
            if (one.grows) staged.set(one.name, offset);
            count++;
          }
          while (file < NAMES.length && offset >= (offer.files[file]?.length ?? 0)) {
            file++;
            begin();
          }
          if (file < NAMES.length) continue;
          const isEqual = offer.files.every(({ name, length }) => {
            const place = `${folder}/incoming/tables/${name}`;
            const found =
              fileSystem.stat(place) === undefined ? '' : Buffer.from(fileSystem.readFile(place)).toString();
            return found === text.slice(0, length);
          });
          const isGood = incoming.verify(offer);
          expect(isGood).to.equal(isEqual);
          if (texts[0] === texts[1] && !wasFull) expect(isGood).to.equal(true);
          if (isGood) {
            good++;
            const hashes = incoming.hashes();
            for (const [name, hash] of hashes)
              expect(hash.copy().digest('hex')).to.equal(offer.files.find((one) => one.name === name)?.hash);
          }
          // What is not good is dropped, as the core does.
          if (!isGood) {
            staged.clear();
            incoming.begin(new Map());
            wasFull = false;
            under = undefined;
          }
        }
        incoming.clear();
        expect(fileSystem.list(folder)).to.not.include('incoming');
      }),
      { numRuns: 2_000 },
    );
    expect(good, 'checkpoints that are found good').to.be.greaterThan(200);
  });
});

import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'storage';

const JOURNAL = 'src/storage/journal.ts';
const JOURNAL_RECOVERY = 'src/storage/journal-recovery.ts';

const WRITE_AND_SYNC = `    await this.#write(bytes);
    await this.#current.sync();`;

/** A damaged middle is told from a torn tail by where the mark stands. */
const damageReadAsTear = expression(
  JOURNAL_RECOVERY,
  'next !== undefined || !isAfterMark || bytes.length - at > APPEND_BYTES_MAX',
  'next !== undefined',
);
const markNotReached = statements(
  JOURNAL_RECOVERY,
  '    if (isMarkFound || mark === undefined) return undefined;',
  '    return undefined;',
);

/** Rules 1, 6 and 10 and the checkpoints of design 5: what a folder holds after a crash, and what of it is believed. */
export const STORAGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'journal-not-fsynced',
    clause: 'rule 1: an append is told to be durable without an fsync',
    simulation,
    edits: [statements(JOURNAL, WRITE_AND_SYNC, '    await this.#write(bytes);')],
  },
  {
    name: 'mark-before-fsync',
    clause: 'rule 6: the mark says synced before the fsync',
    simulation,
    edits: [
      statements(
        JOURNAL,
        WRITE_AND_SYNC,
        `    await this.#write(bytes);
    const ahead = present(batch.at(-1), 'a batch is not empty');
    const segment = present(this.#segments.at(-1), 'a journal has a segment').name;
    const offset = this.#offset + bytes.length;
    const { number } = this.position;
    await this.mark.write({ op: ahead.op, chain: ahead.chain, segment, offset, commit, number });
    await this.#current.sync();`,
      ),
    ],
  },
  {
    name: 'torn-tail-kept',
    clause: 'rule 6: a torn batch is not cut, and the journal goes on behind it',
    simulation,
    edits: [
      expression('src/storage/load-folder.ts', 'journal.tornBytes > 0 ? journal.offset : undefined', 'undefined'),
      expression(JOURNAL_RECOVERY, 'this.#offset', 'this.#offset + this.#tornBytes', {
        within: '      offset: this.#offset,\n      tornBytes',
      }),
    ],
  },
  {
    name: 'end-before-mark-accepted',
    clause: 'rule 6: a journal that ends before its synced mark counts as sound',
    simulation,
    edits: [markNotReached],
  },
  {
    name: 'damage-cut-as-tear',
    clause: 'rule 6: a damaged row in the middle is cut as if it were torn',
    simulation,
    coveredBy: 'the journal then ends before its mark, which is damage too',
    edits: [damageReadAsTear],
  },
  {
    name: 'damage-cut-and-end-accepted',
    clause: 'rule 6: the same, and nobody looks whether the mark is reached',
    simulation,
    edits: [damageReadAsTear, markNotReached],
  },
  {
    name: 'journal-chain-not-checked',
    clause: 'rules 2 and 6: a start believes rows whose chain does not follow',
    simulation,
    edits: [
      expression(JOURNAL_RECOVERY, 'this.#chain', 'undefined', { within: 'decodeEntry(bytes, at, this.#chain)' }),
    ],
  },
  {
    name: 'loaded-not-fsynced',
    clause: 'rule 1: what a start reads back from the page cache is relied on before an fsync',
    simulation,
    edits: [
      statements('src/storage/load-folder.ts', '    await open.sync();', '', {
        within: 'open.truncate(length);\n    await open.sync();',
      }),
    ],
  },
  {
    name: 'segment-name-not-fsynced',
    clause: 'rule 6: a new segment’s name is not durable when entries go to it',
    simulation,
    edits: [
      statements(JOURNAL, '        await this.fileSystem.syncFolder(this.folder);', '', {
        within: `        this.fileSystem.rename(beside, path.join(this.folder, name));
        await this.fileSystem.syncFolder(this.folder);`,
      }),
    ],
  },
  {
    name: 'promises-not-fsynced',
    clause: 'rule 1: view and logView are told to be durable without an fsync',
    simulation,
    edits: [
      statements('src/storage/replica-file.ts', '    await this.#file.sync();', '', {
        within: 'encodeSlot(record, slot, SLOT_BYTES));\n    await this.#file.sync();',
      }),
    ],
  },
  {
    name: 'both-slots-at-once',
    clause: 'rule 6: both slots of replica.json are written before either is fsynced',
    simulation,
    edits: [
      statements(
        'src/storage/replica-file.ts',
        '        await this.#writeSlot(record, 0);\n        await this.#writeSlot(record, 1);',
        `        await this.#file.writeAsync(0, encodeSlot(record, 0, SLOT_BYTES));
        await this.#file.writeAsync(SLOT_BYTES, encodeSlot(record, 1, SLOT_BYTES));
        await this.#file.sync();`,
      ),
    ],
  },
  {
    name: 'slot-repaired-before-fsync',
    clause: 'rule 6: a start writes the worse slot of the mark while the better one is in the page cache only',
    simulation,
    edits: [
      statements('src/storage/journal-mark.ts', '      await file.sync();', '', {
        within: 'a loss of power must not tear both.\n      await file.sync();',
      }),
    ],
  },
  {
    name: 'unreadable-promises-are-missing',
    clause: 'rule 6: a folder without a readable replica.json counts as empty',
    simulation,
    edits: [expression('src/storage/load-folder.ts', `read.kind === 'missing' && others.length === 0`, 'true')],
  },
  {
    name: 'switch-not-fsynced',
    clause: 'rule 2 b: replica.json names the new log before that is on disk',
    simulation,
    edits: [
      statements(
        'src/storage/journal-segment.ts',
        '  await writeWhole(fileSystem, path.join(folder, unfinishedName(segment, number)), bytes);',
        `  const open = fileSystem.open(path.join(folder, unfinishedName(segment, number)), true);
  await open.writeAsync(0, bytes);
  open.close();`,
      ),
    ],
  },
  {
    name: 'outbox-after-switch',
    clause: 'design 5: what is cut goes to the outbox after it was cut',
    simulation,
    edits: [
      statements(
        'src/storage/replica-storage.ts',
        `    await this.#outbox.add(salvaged);
    const before = makeOp(from - 1);
    await this.#switch(durable, { op: before, chain: journal.chainAt(before) }, entries);`,
        `    const before = makeOp(from - 1);
    await this.#switch(durable, { op: before, chain: journal.chainAt(before) }, entries);
    await this.#outbox.add(salvaged);`,
      ),
    ],
  },
  {
    name: 'checkpoint-renamed-before-fsync',
    clause: 'design 5: a checkpoint gets its name before its content is on disk',
    simulation,
    edits: [
      statements(
        'src/storage/checkpoint.ts',
        '  await writeWhole(fileSystem, path.join(folder, HEAD_FILE), encodeHead(head));',
        `  const open = fileSystem.open(path.join(folder, HEAD_FILE), true);
  await open.writeAsync(0, encodeHead(head));
  open.close();`,
      ),
    ],
  },
  {
    name: 'tables-not-fsynced',
    clause: 'design 5: a checkpoint counts on rows of tables that are not on disk',
    simulation,
    edits: [
      statements('src/storage/replica-storage.ts', '        for (const { table } of tables) await table.sync();', ''),
    ],
  },
  {
    name: 'journal-cut-to-newest-checkpoint',
    clause: 'design 5: the journal is kept from the newest checkpoint on, not from the one before it',
    simulation,
    edits: [
      statements(
        'src/storage/replica-storage.ts',
        '        await this.#journal?.removeThrough(oldest, () => this.#outbox.isEmpty);',
        '        await this.#journal?.removeThrough(head.base.op, () => this.#outbox.isEmpty);',
      ),
    ],
  },
];

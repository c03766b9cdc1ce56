import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'late';

const INDEX_KEEPER = 'src/services/ordering/index-keeper.ts';
const TABLE = 'src/storage/table.ts';

const sumsKept = statements('src/storage/kept-sums.ts', '    this.forget();', '', {
  within: '    this.#file.begin();\n    this.forget();',
});
const damageTrusted = statements(
  'src/runtime/replica-runtime.ts',
  "    if (why.kind === 'damaged' || why.kind === 'bug') this.#parts.storage.distrustIndexes();",
  '',
);
const limitIgnored = expression(
  INDEX_KEEPER,
  'at > file.length || orders > limit.orders || changes > limit.changes || op > limit.op',
  'at > file.length',
);
const tablesIgnored = expression(INDEX_KEEPER, 'this.#isInTables(head.after)', 'head.after.ordersBytes > 0');

/** Decision 5: a start that takes up indexes and block sums from files, and reads its tables while they are in use. */
export const LATE_READING_BUGS: readonly PlantedBug[] = [
  {
    name: 'kept-sums-not-emptied',
    clause: 'design 5: a start leaves the sums that it takes, so that the next one takes them too',
    simulation,
    edits: [sumsKept],
  },
  {
    name: 'damage-keeps-sums',
    clause: 'design 5: damage ends the process, and what makes a start fast stays',
    simulation,
    coveredBy: 'a start has emptied the sums that it took; an index that does not fit the tables is not believed',
    edits: [damageTrusted],
  },
  {
    name: 'index-beyond-checkpoint',
    clause: 'design 5: frames of the index file count that are of ops after the checkpoint',
    simulation,
    coveredBy: 'tables are cut to the checkpoint, and a frame that reaches beyond their end is not taken',
    edits: [limitIgnored],
  },
  {
    name: 'index-beyond-tables',
    clause: 'design 5: the same, and nobody looks whether the tables reach as far',
    simulation,
    edits: [limitIgnored, tablesIgnored],
  },
  {
    name: 'index-checksum-not-checked',
    clause: 'design 5: a frame of the index file is believed whatever its checksum',
    simulation,
    edits: [
      expression(
        'src/services/ordering/index-frame.ts',
        'checksumOf(frame.subarray(8), checksum) !== head.checksum',
        'false',
      ),
    ],
  },
  {
    name: 'unread-checkpoint-offered',
    clause: 'design 5: a checkpoint is offered to others before its tables were read',
    simulation: 'reading',
    edits: [
      expression('src/storage/replica-storage.ts', 'this.#files.isRead', 'true', {
        within: "return this.#state === 'sound' && this.#files.isRead",
      }),
    ],
  },
  {
    name: 'unread-blocks-not-checked',
    clause: 'design 5: what is read of a table is not held against its sums before all of it was read',
    simulation: 'reading',
    edits: [
      expression(
        TABLE,
        'this.#sums.firstWrong(bytes, from)',
        'this.#late === undefined ? this.#sums.firstWrong(bytes, from) : undefined',
        {
          within: 'const wrong = this.#sums.firstWrong(bytes, from);',
        },
      ),
    ],
  },
  {
    name: 'late-hash-not-compared',
    clause: 'design 5: the deferred reading does not look whether the hash is that of the checkpoint',
    simulation: 'reading',
    edits: [expression('src/storage/late-hash.ts', "this.hash.copy().digest('hex') !== this.expected", 'false')],
  },
  {
    name: 'new-rows-hashed-as-found',
    clause: 'design 5: rows after the checkpoint are hashed as the file has them, not held against what was written',
    simulation: 'reading',
    edits: [expression(TABLE, 'late.isProven', 'false', { within: 'piece = late.isProven' })],
  },
  {
    name: 'install-waits-for-reading',
    clause:
      'rule 5: an install waits for a checkpoint that waits for the deferred reading, which waits for the install',
    simulation: 'reading',
    edits: [statements('src/storage/replica-storage.ts', '    this.#files.giveUpWaiting();', '')],
  },
  {
    name: 'table-name-not-fsynced',
    clause: 'design 5: a checkpoint counts on a table whose name is not on disk: the one moved aside may come back',
    simulation: 'reading',
    edits: [statements('src/storage/replica-storage.ts', '        await this.fileSystem.syncFolder(this.folder);', '')],
  },
];

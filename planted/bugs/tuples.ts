import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'tuples';
const SERVICE = 'src/services/tuples/tuples.ts';
const EXECUTE = 'src/services/tuples/execute.ts';
const PRESENT = 'src/services/tuples/present-tuples.ts';

const NOTHING_SALVAGED = expression(
  SERVICE,
  'update !== undefined && update.copies >= majority',
  'update !== undefined',
);

/** The tuple space: one value for each key, what was acknowledged is kept, and a repeat is told the same. */
export const TUPLES_BUGS: readonly PlantedBug[] = [
  {
    name: 'tuples-key-of-committed-only',
    clause: 'design 8: whether a key is there is decided without the entries that are not committed yet',
    simulation,
    edits: [
      expression(PRESENT, 'change === undefined ? this.#committed.get(key) : change.tuple', 'this.#committed.get(key)'),
    ],
  },
  {
    name: 'tuples-search-of-committed-only',
    clause: 'design 8: a Delete finds pairs as they were before the entries that are not committed yet',
    simulation,
    edits: [expression(PRESENT, 'this.#changes.get(tuple.key)', 'undefined as Change | undefined')],
  },
  {
    name: 'tuples-speculation-kept',
    clause: 'rule 4: pairs of a view that is over are there, though a view change has cut them off',
    simulation,
    edits: [statements(PRESENT, '    this.#changes.clear();', '')],
  },
  {
    name: 'tuples-later-change-forgotten',
    clause: 'design 8: with an entry that commits goes what later entries made of its keys',
    simulation,
    edits: [expression(PRESENT, 'change?.op === op', 'change !== undefined')],
  },
  {
    name: 'tuples-serial-counted-twice',
    clause: 'design 8: pairs that are not committed yet are numbered as if there were one of them',
    simulation,
    edits: [
      expression(
        PRESENT,
        'Math.max(this.#lastSerial, this.#committed.lastSerial) + 1',
        'this.#committed.lastSerial + 1',
      ),
    ],
  },
  {
    name: 'tuples-other-content-accepted',
    clause: 'rule 11: an id stands for whatever is sent with it',
    simulation,
    edits: [expression(EXECUTE, 'known.content !== contentOf(request)', 'false')],
  },
  {
    name: 'tuples-answer-forgotten',
    clause: 'rule 11: a repeat is not told again which pairs were not used',
    simulation,
    edits: [expression('src/services/tuples/answers.ts', 'JSON.stringify(update.notUsed)', `'[]'`)],
  },
  {
    name: 'tuples-nothing-salvaged',
    clause: 'design 5: a change that one disk has is not kept when a view change cuts it off',
    simulation,
    coveredBy: 'below a majority the core acknowledges only what would be salvaged',
    edits: [NOTHING_SALVAGED],
  },
  {
    name: 'tuples-nothing-salvaged-unguarded',
    clause: 'design 5: a change that one disk acknowledged is not kept when a view change cuts it off',
    simulation,
    edits: [
      NOTHING_SALVAGED,
      expression('src/vsr/writes.ts', 'isKept ? copiesNeeded : state.majority', 'copiesNeeded'),
    ],
  },
  {
    name: 'tuples-salvaged-twice',
    clause: 'design 5: a change of an outbox is carried out without a look at its id',
    simulation,
    edits: [expression(SERVICE, 'this.#committed.requests.find(item.requestId)', 'undefined')],
  },
  {
    name: 'tuples-salvaged-over-others',
    clause: 'design 5: a put of an outbox is carried out though others put its key meanwhile',
    simulation,
    edits: [expression(EXECUTE, 'update.pairs.filter(isUsable)', 'update.pairs')],
  },
  {
    name: 'tuples-deletes-not-after-restore',
    clause: 'design 8: pairs that were deleted are there again after a start from a checkpoint',
    simulation,
    edits: [statements('src/services/tuples/tuples-table.ts', '      store.remove(key);', '')],
  },
  {
    name: 'tuples-hash-not-updated',
    clause: 'design 8: the hash of the pairs keeps the value that a Post replaced',
    simulation,
    edits: [
      statements('src/services/tuples/tuple-store.ts', '    this.#hash.remove(key, slot.value);', '', {
        within: '    this.#hash.remove(key, slot.value);\n    slot.value = value;',
      }),
    ],
  },
];

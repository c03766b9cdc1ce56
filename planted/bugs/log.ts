import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'log';
const LOG = 'src/services/log/message-log.ts';
const STORE = 'src/services/log/message-store.ts';
const KNOWN_SALVAGED =
  'this.#known(item.requestId, update.value) ?? this.#append(update.value, majorityOf(replicaCount))';

const NOTHING_SALVAGED = expression(LOG, 'update !== undefined && update.copies >= majority', 'update !== undefined');

/** The message log: each message once, under the next key, and what was acknowledged is kept. */
export const LOG_BUGS: readonly PlantedBug[] = [
  {
    name: 'log-key-of-committed-only',
    clause: 'design 8: the next key is counted without the messages that are not committed yet',
    simulation,
    edits: [expression(LOG, 'this.#committed.count + this.#uncommitted.count', 'this.#committed.count')],
  },
  {
    name: 'log-repeat-of-uncommitted',
    clause: 'rule 11: a message that is not committed yet is not known: its repeat is appended again',
    simulation,
    edits: [
      statements(
        'src/services/log/uncommitted.ts',
        "    assert(!this.#byRequest.has(requestId), 'a request appends once');",
        '',
      ),
      expression(LOG, 'this.#uncommitted.find(requestId)', 'undefined as Uncommitted | undefined', {
        imports: `import type { Uncommitted } from './uncommitted.js';`,
      }),
    ],
  },
  {
    name: 'log-other-value-accepted',
    clause: 'rule 11: an id stands for whatever is sent with it',
    simulation,
    edits: [expression(LOG, 'known.value === value', 'true')],
  },
  {
    name: 'log-speculation-kept',
    clause: 'rule 4: messages of a view that is over are counted and known, though a view change has cut them off',
    simulation,
    edits: [
      statements(LOG, '    this.#uncommitted.drop();', '', {
        within: '  dropSpeculation(): void {\n    this.#uncommitted.drop();\n  }',
      }),
    ],
  },
  {
    name: 'log-nothing-salvaged',
    clause: 'design 5: a message that one disk has is not kept when a view change cuts it off',
    simulation,
    coveredBy: 'below a majority the core acknowledges only what would be salvaged',
    edits: [NOTHING_SALVAGED],
  },
  {
    name: 'log-nothing-salvaged-unguarded',
    clause: 'design 5: a message that one disk acknowledged is not kept when a view change cuts it off',
    simulation,
    edits: [
      NOTHING_SALVAGED,
      expression('src/vsr/writes.ts', 'isKept ? copiesNeeded : state.majority', 'copiesNeeded'),
    ],
  },
  {
    name: 'log-salvaged-twice',
    clause: 'design 5: a message of an outbox is appended without a look at its id',
    simulation,
    edits: [expression(LOG, KNOWN_SALVAGED, 'this.#append(update.value, majorityOf(replicaCount))')],
  },
  {
    name: 'log-salvaged-key-kept',
    clause: 'design 8: a message of an outbox gets the key that it had, which is another one’s by now',
    simulation,
    edits: [
      expression(
        LOG,
        KNOWN_SALVAGED,
        `this.#known(item.requestId, update.value) ?? {
        kind: 'entry',
        update: encodeUpdate({ ...update, copies: majorityOf(replicaCount) }),
        reply: done(update),
      }`,
      ),
    ],
  },
  {
    name: 'log-ids-not-after-restore',
    clause: 'rule 11: messages of the table are not known by their ids after a start from a checkpoint',
    simulation,
    edits: [statements(STORE, '      scanner.uuid(MESSAGES_COLUMN.requestId, words);', '      words[0] = op;')],
  },
];

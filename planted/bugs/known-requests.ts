import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'services';
const FILE = 'src/services/known-requests.ts';

/** Rules 4 and 11 in the table of known requests that services share. */
export const KNOWN_REQUESTS_BUGS: readonly PlantedBug[] = [
  {
    name: 'known-speculation-kept',
    clause:
      'rule 4: a repeat is answered from what was executed in a view that is over, though a view change has cut it off',
    simulation,
    edits: [statements(FILE, '    this.#speculative.clear();', '')],
  },
  {
    name: 'known-only-when-committed',
    clause: 'rule 11: a request that is not committed yet is not known: its repeat is executed again',
    simulation,
    edits: [
      expression(FILE, 'this.#speculative.get(requestId) ?? this.#committed(requestId)', 'this.#committed(requestId)'),
    ],
  },
  {
    name: 'known-settles-uncommitted',
    clause: 'design 5: what was executed but is not committed settles an outbox item',
    simulation,
    edits: [
      expression(
        FILE,
        'this.#ids.find(requestId) !== ABSENT',
        'this.#ids.find(requestId) !== ABSENT || this.#speculative.has(requestId)',
      ),
    ],
  },
  {
    name: 'known-not-after-restore',
    clause: 'rule 11: requests of the table are not known after a start from a checkpoint',
    simulation,
    edits: [expression(FILE, 'this.#ids.addNewWords(words) === ABSENT', 'false')],
  },
];

import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'records';
const SERVICE = 'src/services/records/records.ts';
const SPECULATION = 'src/services/records/speculation.ts';

const NOTHING_SALVAGED = expression(
  SERVICE,
  `update !== undefined && (update.kind !== 'fields' || update.copies >= majority)`,
  'update !== undefined',
);

/** The record map: versions without a gap, what was acknowledged is kept, and a repeat is shown the record as it made it. */
export const RECORDS_BUGS: readonly PlantedBug[] = [
  {
    name: 'records-version-of-committed-only',
    clause: 'design 8: an update is made on the record as it was before the entries that are not committed yet',
    simulation,
    edits: [
      expression(
        SERVICE,
        'this.#speculation.find(name) ?? this.#committed.records.find(name)',
        'this.#committed.records.find(name)',
      ),
    ],
  },
  {
    name: 'records-speculation-kept',
    clause: 'rule 4: records of a view that is over are there, though a view change has cut them off',
    simulation,
    edits: [statements(SPECULATION, '    this.#records.clear();', '')],
  },
  {
    name: 'records-later-version-forgotten',
    clause: 'design 8: with an entry that commits goes what later entries made of its record',
    simulation,
    edits: [expression(SPECULATION, 'this.#records.get(nameOf(folded.update))?.op === op', 'true')],
  },
  {
    name: 'records-other-content-accepted',
    clause: 'rule 11: an id stands for whatever is sent with it',
    simulation,
    edits: [expression(SERVICE, 'known.content === asked', 'true')],
  },
  {
    name: 'records-repeat-shows-newest',
    clause: 'rule 11: a repeat is shown the record as it is by now, not as it made it',
    simulation,
    edits: [
      expression(
        SERVICE,
        'this.#speculation.madeAt(op) ?? this.#committed.records.at(name, version)',
        'this.#present(name) ?? this.#committed.records.at(name, version)',
      ),
    ],
  },
  {
    name: 'records-expected-version-ignored',
    clause: 'rule 9: an update that expects a version is done on another one',
    simulation,
    edits: [
      expression(
        'src/services/records/execute-update.ts',
        'expectedVersion === undefined || expectedVersion === version',
        'true',
      ),
    ],
  },
  {
    name: 'records-nothing-salvaged',
    clause: 'design 5: an update that one disk has is not kept when a view change cuts it off',
    simulation,
    coveredBy: 'below a majority the core acknowledges only what would be salvaged',
    edits: [NOTHING_SALVAGED],
  },
  {
    name: 'records-nothing-salvaged-unguarded',
    clause: 'design 5: an update that one disk acknowledged is not kept when a view change cuts it off',
    simulation,
    edits: [
      NOTHING_SALVAGED,
      expression('src/vsr/writes.ts', 'isKept ? copiesNeeded : state.majority', 'copiesNeeded'),
    ],
  },
  {
    name: 'records-salvaged-twice',
    clause: 'design 5: an update of an outbox is executed without a look at its id',
    simulation,
    edits: [
      expression(
        SERVICE,
        'this.#execute(item.requestId, request, majorityOf(context.replicaCount), context)',
        'executeUpdate(this.#present(request.name), request, majorityOf(context.replicaCount), context)',
      ),
    ],
  },
];

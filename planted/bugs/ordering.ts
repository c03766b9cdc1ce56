import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'ordering';

const ORDERING = 'src/services/ordering/ordering.ts';
const SNAPSHOT = 'src/services/ordering/snapshot.ts';
const EXECUTE_ORDER = 'src/services/ordering/execute-order.ts';
const KNOWN_FIRST = '    if (known !== undefined) return decided(known, contentOf(body));';

/** The index of orders would stop the process at the first id that comes twice. */
const indexedTwice = expression('src/services/compact/id-index.ts', 'this.findWords(words) !== ABSENT', 'false');

/** Rule 11 and the outbox of design 5 in the ordering service: once, at the price and from the stock that was told. */
export const ORDERING_BUGS: readonly PlantedBug[] = [
  {
    name: 'requests-not-in-checkpoint',
    clause: 'rule 11: the request table is not part of a checkpoint',
    simulation,
    edits: [expression(SNAPSHOT, 'state.requests.snapshot()', '{ horizonMs: 0, requests: [] }')],
  },
  {
    name: 'reservations-not-in-checkpoint',
    clause: 'design 5: which orders hold stock is not part of a checkpoint',
    simulation,
    edits: [expression(SNAPSHOT, 'state.orders.index.reservations()', '{ all: [], some: [] }')],
  },
  {
    name: 'id-not-looked-up',
    clause: 'rule 11: what was asked before is executed again',
    simulation,
    edits: [expression(ORDERING, 'this.#present.decision(request.requestId)', 'undefined'), indexedTwice],
  },
  {
    name: 'committed-id-forgotten',
    clause: 'rule 11: an order’s id is known while it is not committed, and not after',
    simulation,
    edits: [
      expression('src/services/ordering/present-state.ts', 'record !== ABSENT', 'false', {
        within: 'if (record !== ABSENT) {\n      const order = orders.asPlaced(record);',
      }),
      indexedTwice,
    ],
  },
  {
    name: 'id-looked-up-after-price',
    clause: 'rule 11: price and stock are judged before the id is looked up',
    simulation,
    edits: [
      statements(
        ORDERING,
        KNOWN_FIRST,
        `    const isRefused = body.kind === 'makeOrder' && basketRefusal(this.#present, body.lines) !== undefined;
    if (known !== undefined && !isRefused) return decided(known, contentOf(body));`,
        { imports: `import { basketRefusal } from './basket.js';` },
      ),
    ],
  },
  {
    name: 'stock-taken-by-repeat',
    clause: 'rule 11: a repeat takes its stock again',
    simulation,
    edits: [
      statements(
        ORDERING,
        KNOWN_FIRST,
        `    if (known !== undefined) {
      for (const { item, quantity } of body.kind === 'makeOrder' ? body.lines : []) {
        const left = this.#committed.menu.find(item)?.stock ?? 0;
        if (left >= quantity) this.#committed.menu.setStock(item, left - quantity);
      }
      return decided(known, contentOf(body));
    }`,
      ),
    ],
  },
  {
    name: 'other-content-accepted',
    clause: 'rule 11: an id stands for whatever is sent with it',
    simulation,
    edits: [expression('src/services/ordering/executions.ts', 'content === asked', 'true')],
  },
  {
    name: 'refusal-not-remembered',
    clause: 'rule 9, design 6: a refusal by state does not spend its id',
    simulation,
    edits: [
      statements(
        'src/services/ordering/committed-state.ts',
        '        this.refusals.append(op, requestId, update);',
        '',
      ),
    ],
  },
  {
    name: 'outbox-submitted-twice',
    clause: 'design 5: an order of an outbox is executed without a look at its id',
    simulation,
    edits: [expression(EXECUTE_ORDER, 'state.decision(item.requestId)', 'undefined')],
  },
  {
    name: 'stock-promised-below-majority',
    clause: 'design 5: an order that takes limited stock is acknowledged on fewer disks than a majority',
    simulation,
    edits: [
      expression(
        EXECUTE_ORDER,
        'taken.limited.length > 0 ? Math.max(copiesNeeded, majorityOf(context.replicaCount)) : copiesNeeded',
        'copiesNeeded',
      ),
    ],
  },
  {
    name: 'uncommitted-stock-ignored',
    clause: 'rule 4: what uncommitted orders have taken is not missing for the next one',
    simulation,
    edits: [expression('src/services/ordering/present-state.ts', 'this.speculation.stockLeft(name)', 'undefined')],
  },
  {
    name: 'one-disk-not-salvaged',
    clause: 'design 5: a cut-off order is not salvaged when it was acknowledged on one disk',
    simulation,
    edits: [
      expression(
        ORDERING,
        `update.kind !== 'order' || update.copies >= majority`,
        `update.kind !== 'order' || update.copies >= majority - 1`,
      ),
    ],
  },
];

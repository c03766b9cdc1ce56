import { expect } from 'chai';
import { orderStory, type StoryAnswer } from '../../src/operations/order-story.js';
import type { OrderExplanation, OrderStep } from '../../src/ports/inspection.js';
import type { OrderView } from '../../src/ports/ordering-client.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];
const ID = 'o1';
const order = { order_id: ID, status: 'accepted', op: 5 } as OrderView;
const step = (op: number, view: number, more: Partial<OrderStep> = {}): OrderStep => ({
  op,
  view,
  chain: `c${op}`,
  at: '',
  status: 'placed',
  postcodeCheck: 'valid',
  reason: '',
  requestId: '',
  isInJournal: true,
  onDiskBy: '2026-01-01T00:00:00.000Z',
  ...more,
});
const known = (more: Partial<OrderExplanation<OrderView>> = {}): OrderExplanation<OrderView> => ({
  order,
  steps: [step(5, 0), step(9, 2)],
  refused: undefined,
  isInOutbox: false,
  requests: [],
  pending: [],
  views: [
    { view: 0, firstOp: 5 },
    { view: 2, firstOp: 8 },
  ],
  applied: 9,
  checkpointOp: 0,
  journalFrom: 1,
  view: 2,
  ...more,
});
const answer = (id: string, explanation: OrderExplanation<OrderView>): StoryAnswer => ({ id, explanation, why: '' });
const silent = (id: string): StoryAnswer => ({ id, explanation: undefined, why: 'connection refused' });

describe('order story', () => {
  it('an order over a failover: steps with their primaries, copies, the views crossed', () => {
    const behind = known({ steps: [step(5, 0, { isInJournal: false, onDiskBy: '' })], applied: 7, order });
    const story = orderStory(
      ID,
      [answer('replica-1', behind), answer('replica-2', known()), silent('replica-3')],
      IDS,
      'replica-3',
    );
    expect(story).to.deep.include({ found: true, answered_by: 'replica-2', as_of_op: 9, disagree: [] });
    expect(story.steps.map(({ op, primary }) => [op, primary])).to.deep.equal([
      [5, 'replica-1'],
      [9, 'replica-3'],
    ]);
    expect(story.steps.map(({ copies }) => copies.map(({ holds }) => holds))).to.deep.equal([
      ['checkpoint', 'journal', 'unknown'],
      ['no', 'journal', 'unknown'],
    ]);
    expect(story.steps[0]?.copies[0]?.on_disk_by).to.equal(null);
    expect(story.failovers).to.deep.equal([{ view: 2, primary: 'replica-3', first_op: 8 }]);
    expect(story.not_known.join(' ')).to.match(/What replica-3 holds: no answer/);
  });

  it('a view in which nothing was committed yet is crossed too; without a primary it is said', () => {
    const story = orderStory(
      ID,
      [answer('replica-1', known({ view: 4 })), silent('replica-2'), silent('replica-3')],
      IDS,
      '',
    );
    expect(story.failovers.at(-1)).to.deep.equal({ view: 4, primary: 'replica-2', first_op: null });
    expect(story.not_known.join(' ')).to.match(/there is no primary/);
  });

  it('a replica that does not run, its folder read: what lies there, and that nobody vouches for it', () => {
    const inFolder = [
      { file: 'journal/0000000000-0000000000000001.csv', row: '5,0,2026-01-01T00:00:00.000Z,o1,ordering,…' },
      { file: 'order-status.csv', row: '5,o1,placed,valid,2026-01-01T00:00:00.000Z,,o1' },
      { file: 'outbox.csv', row: 'o1,ordering,…' },
    ];
    const stopped = { ...silent('replica-3'), inFolder };
    const story = orderStory(
      ID,
      [answer('replica-1', known()), answer('replica-2', known()), stopped],
      IDS,
      'replica-1',
    );
    expect(story.steps.map(({ copies }) => copies[2]?.holds)).to.deep.equal(['folder', 'no']);
    expect(story.folders.map(({ replica, op, view }) => [replica, op, view])).to.deep.equal([
      ['replica-3', 5, 0],
      ['replica-3', 5, null],
      ['replica-3', null, null],
    ]);
    expect(story.not_known.join(' ')).to.match(/what only the journal of replica-3 holds is committed/);
    const alone = orderStory(ID, [silent('replica-1'), silent('replica-2'), stopped], IDS, '');
    expect(alone).to.deep.include({ found: true, order: null, answered_by: '', steps: [] });
    const none = orderStory(ID, [silent('replica-1'), { ...silent('replica-2'), inFolder: [] }], IDS, '');
    expect(none.found).to.equal(false);
  });

  it('copies that tell the same op otherwise disagree; one that is only behind does not', () => {
    const other = known({ steps: [step(5, 0, { chain: 'other' })], applied: 6 });
    const story = orderStory(ID, [answer('replica-1', known()), answer('replica-2', other)], IDS, 'replica-1');
    expect(story.disagree).to.deep.equal(['replica-2']);
  });

  it('known nowhere: not found, and how far was looked', () => {
    const nothing = known({ order: undefined, steps: [], views: [] });
    const story = orderStory(
      ID,
      IDS.map((id) => answer(id, nothing)),
      IDS,
      'replica-1',
    );
    expect(story).to.deep.include({ found: false, order: null, as_of_op: 9, failovers: [] });
  });

  it('refused, in an outbox, not committed yet: found, and told as that', () => {
    const none = { order: undefined, steps: [], views: [] };
    const refused = orderStory(
      ID,
      [answer('replica-1', known({ ...none, refused: { op: 4, why: 'sold out' } }))],
      IDS,
      'replica-1',
    );
    expect(refused).to.deep.include({ found: true, refused: { op: 4, why: 'sold out' } });
    const held = orderStory(ID, [answer('replica-1', known({ ...none, isInOutbox: true }))], IDS, '');
    expect(held).to.deep.include({ found: true, outbox: ['replica-1'] });
    const pending = orderStory(
      ID,
      [answer('replica-2', known({ ...none, pending: [{ service: 'ordering', op: 10, view: 2, durable: true }] }))],
      IDS,
      '',
    );
    expect(pending.found).to.equal(true);
    expect(pending.pending).to.deep.equal([
      { replica: 'replica-2', service: 'ordering', op: 10, view: 2, durable: true },
    ]);
  });

  it('a request of another service: op, view, copies, failovers since', () => {
    const request = { service: 'log', op: 8, view: 2, chain: 'c'.repeat(32), isInJournal: false, onDiskBy: '' };
    const of = (more: Partial<OrderExplanation<OrderView>>) =>
      known({ order: undefined, steps: [], views: [{ view: 2, firstOp: 8 }], ...more });
    const story = orderStory(
      ID,
      [
        answer('replica-1', of({ requests: [request], view: 3 })),
        answer('replica-2', of({ requests: [], applied: 7 })),
        silent('replica-3'),
      ],
      IDS,
      'replica-1',
    );
    expect(story).to.include({ found: true, answered_by: 'replica-1', order: null });
    expect(story.requests).to.have.length(1);
    expect(story.requests[0]).to.include({ service: 'log', op: 8, view: 2, primary: 'replica-3' });
    expect(story.requests[0]?.copies.map(({ holds }) => holds)).to.deep.equal(['checkpoint', 'no', 'unknown']);
    expect(story.failovers).to.deep.equal([{ view: 3, primary: 'replica-1', first_op: null }]);
    expect(story.disagree).to.deep.equal([]);
    const other = orderStory(
      ID,
      [answer('replica-1', of({ requests: [request] })), answer('replica-2', of({ requests: [] }))],
      IDS,
      '',
    );
    expect(other.disagree).to.deep.equal(['replica-2']);
  });
});

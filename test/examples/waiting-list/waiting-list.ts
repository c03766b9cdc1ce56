import { digest } from '../../../src/base/digest.js';
import type { Entry } from '../../../src/base/entry.js';
import { op as opNumber } from '../../../src/base/numbers.js';
import { refusal } from '../../../src/base/refusal.js';
import type {
  Execution,
  ExecutionContext,
  QueryAnswer,
  Service,
  ServiceFiles,
  ServiceQuery,
  ServiceRequest,
} from '../../../src/base/service.js';
import { KnownRequests } from '../../../src/services/known-requests.js';
import { GuestList } from './guest-list.js';
import type { Guest, WaitingListQuery, WaitingListRequest } from './requests.js';

const GUESTS_SHOWN = 500;
const EVENTS_SHOWN = 100;

/** What an entry holds: what happened, decided by the primary. */
interface Update {
  readonly kind: 'joined' | 'seated' | 'nobody';
  readonly guest: Guest | null;
  /** Of the request, to know a repeat by. */
  readonly content: string;
}

/** The waiting list as a replicated service (src/base/service.ts). */
export class WaitingList implements Service {
  readonly name = 'waiting-list';
  readonly #files: ServiceFiles;
  #list: GuestList;
  #requests: KnownRequests;
  /** Over the committed list, at the primary: who joined and how many were seated by entries that are not committed yet. */
  #joined: Guest[] = [];
  #seated = 0;

  constructor(files: ServiceFiles) {
    this.#files = files;
    this.#list = new GuestList(files);
    this.#requests = new KnownRequests(files, 'waiting-list-requests.csv');
  }

  execute({ requestId, body }: ServiceRequest, _context: ExecutionContext): Execution {
    const content = digest(JSON.stringify(body));
    const known = this.#requests.find(requestId);
    if (known !== undefined) {
      if (known.content !== content)
        return {
          kind: 'refused',
          refusal: refusal('ID_REUSED', 'This request_id stands for another request; take a new one.'),
        };
      const reply = { kind: 'done', body: { guest: JSON.parse(known.answer) as Guest | null } } as const;
      return { kind: 'known', op: opNumber(known.op), reply };
    }
    const update = this.#decide(body as WaitingListRequest, content);
    return { kind: 'entry', update: JSON.stringify(update), reply: { kind: 'done', body: { guest: update.guest } } };
  }

  #decide(body: WaitingListRequest, content: string): Update {
    const joined = this.#list.guests.length + this.#joined.length;
    if (body.kind === 'join')
      return { kind: 'joined', guest: { number: joined + 1, name: body.name, party: body.party }, content };
    const next = this.#list.seated + this.#seated;
    const guest = this.#list.guests[next] ?? this.#joined[next - this.#list.guests.length];
    // Also this is kept: a repeat must not seat whoever came meanwhile.
    return guest === undefined ? { kind: 'nobody', guest: null, content } : { kind: 'seated', guest, content };
  }

  speculate({ op, requestId, update }: Entry): void {
    const { kind, guest, content } = JSON.parse(update) as Update;
    if (kind === 'joined' && guest !== null) this.#joined.push(guest);
    if (kind === 'seated') this.#seated++;
    this.#requests.speculate(requestId, { op, content, answer: JSON.stringify(guest) });
  }

  dropSpeculation(): void {
    this.#joined = [];
    this.#seated = 0;
    this.#requests.dropSpeculation();
  }

  commit({ op, requestId, update }: Entry): void {
    const { kind, guest, content } = JSON.parse(update) as Update;
    if (guest !== null && kind !== 'nobody') this.#list.append({ op, kind, guest });
    // What was speculated is committed in the same order: it moves from above to below.
    if (kind === 'joined') this.#joined.shift();
    if (kind === 'seated') this.#seated = Math.max(0, this.#seated - 1);
    this.#requests.commit(requestId, { op, content, answer: JSON.stringify(guest) });
  }

  query({ body }: ServiceQuery): QueryAnswer {
    const query = body as WaitingListQuery;
    if (query.kind === 'list') return { kind: 'done', body: this.#list.waiting(GUESTS_SHOWN) };
    return { kind: 'done', body: this.#list.eventsFrom(query.fromOp, EVENTS_SHOWN) };
  }

  hasCommitted(requestId: string): boolean {
    return this.#requests.hasCommitted(requestId);
  }

  opOf(requestId: string): number | undefined {
    return this.#requests.opOf(requestId);
  }

  // A guest's number would be another one after a view change: nothing is acknowledged on less than a majority.
  salvage(): undefined {
    return undefined;
  }

  outboxProblem(): string {
    return 'the waiting list keeps nothing in an outbox';
  }

  executeSalvaged(): Execution {
    return { kind: 'refused', refusal: refusal('INTERNAL', 'The waiting list keeps nothing in an outbox.') };
  }

  foundingSeed(): string {
    return '';
  }

  found(): string[] {
    return [];
  }

  counts(): Readonly<Record<string, number>> {
    return { guests: this.#list.guests.length, seated: this.#list.seated };
  }

  // Everything is in the tables.
  snapshot(): string {
    return '';
  }

  restore(): void {
    this.#list = new GuestList(this.#files);
    this.#requests = new KnownRequests(this.#files, 'waiting-list-requests.csv');
    this.#list.scan();
    this.#requests.scan();
    this.dropSpeculation();
  }
}

import type { Entry } from '../../../src/base/entry.js';
import { Violation } from '../checkers.js';
import type { Workload } from './workload.js';

type Model = Pick<Workload, 'take' | 'onFounded'>;

/**
 * What any replica has applied, once: ops without a gap, every request at one op, each entry handed to the model of its service.
 * Throws Violation.
 */
export class CommittedLog {
  readonly #opOfRequest = new Map<string, number>();
  #op = 0;

  /** `models` by name of the service. */
  constructor(private readonly models: ReadonlyMap<string, Model>) {}

  /** Op of the last entry. */
  get op(): number {
    return this.#op;
  }

  /** Ids of all requests that were executed, oldest first. */
  get requestIds(): readonly string[] {
    return [...this.#opOfRequest.keys()];
  }

  /** Whether a request was executed, whatever became of it. */
  has(requestId: string): boolean {
    return this.#opOfRequest.has(requestId);
  }

  /** Op of the entry of a request that was executed. */
  opOf(requestId: string): number | undefined {
    return this.#opOfRequest.get(requestId);
  }

  /** Takes a committed entry; one that it has taken is passed over. */
  take(entry: Entry): void {
    const { op, requestId, service } = entry;
    if (op <= this.#op) return;
    if (op !== this.#op + 1) throw new Violation(`op ${op} was applied, and nobody had applied op ${this.#op + 1}`);
    this.#op = op;
    if (service === 'core') return this.#takeCore(entry);
    if (this.#opOfRequest.has(requestId)) throw new Violation(`request ${requestId} was executed again at op ${op}`);
    this.#opOfRequest.set(requestId, op);
    const model = this.models.get(service);
    if (model === undefined) throw new Violation(`op ${op} is of the service ${service}, which nobody has called`);
    model.take(entry);
  }

  #takeCore(entry: Entry): void {
    const update = JSON.parse(entry.update) as { kind: string; seeds?: Record<string, string> };
    if (update.kind !== 'founding') return;
    for (const [service, model] of this.models) model.onFounded?.(update.seeds?.[service] ?? '', entry);
  }
}

import { v7 as uuidV7 } from 'uuid';
import type { MessageView } from '../../src/client/text/log-text.js';
import { createServiceClient } from '../../src/net/service-client.js';
import { type AsOfView, CallRefusedError, type ReceiptView } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { logContract } from '../../src/services/log/contract.js';
import type { Cluster } from './cluster.js';

/** How a message is appended; without an id it gets a new one. */
export interface AppendHow {
  readonly requestId?: string;
  readonly concern?: string;
  readonly deadlineMs?: number;
}

/** An append that was acknowledged. */
export interface Acknowledged {
  readonly requestId: string;
  readonly value: string;
  readonly key: number;
  readonly receipt: ReceiptView;
}

/** A page of the log. */
export interface Listed {
  readonly messages: readonly MessageView[];
  readonly next_from: number;
  readonly count: number;
  readonly as_of: AsOfView;
}

/** Somebody who appends to the message log of a cluster and lists it. */
export class LogCaller {
  readonly client: ServiceClient;

  constructor(private readonly cluster: Cluster) {
    const addresses = cluster.frontEnds.map(({ address }) => address);
    this.client = createServiceClient(logContract, addresses);
  }

  /** One call; throws CallRefusedError. */
  async append(
    value: string,
    { requestId = uuidV7(), concern, deadlineMs = 5_000 }: AppendHow = {},
  ): Promise<Acknowledged> {
    const request = { request_id: requestId, value, ...(concern === undefined ? {} : { write_concern: concern }) };
    const { key, receipt } = await this.client.call<Omit<Acknowledged, 'value'>>('Append', request, { deadlineMs });
    return { requestId, value, key, receipt };
  }

  /** Appends, again under the same id until it is acknowledged. */
  async appendSurely(value: string, how: AppendHow = {}): Promise<Acknowledged> {
    const requestId = how.requestId ?? uuidV7();
    for (;;) {
      try {
        return await this.append(value, { ...how, requestId });
      } catch (error) {
        if (!(error instanceof CallRefusedError) || error.refusal.reason === 'ID_REUSED') throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** What an append is refused with; the answer, where it is not. */
  async refusedAppend(value: string, how: AppendHow): Promise<CallRefusedError['refusal'] | Acknowledged> {
    try {
      return await this.append(value, how);
    } catch (error) {
      if (error instanceof CallRefusedError) return error.refusal;
      throw error;
    }
  }

  list(request: Readonly<Record<string, unknown>> = {}): Promise<Listed> {
    return this.client.call<Listed>('List', { limit: 1_000, ...request });
  }

  /** All that a replica holds: every message it has applied. */
  async everything(replica: string): Promise<MessageView[]> {
    const all: MessageView[] = [];
    for (;;) {
      const { messages, count } = await this.list({ from: all.length, replica });
      all.push(...messages);
      if (all.length >= count) return all;
    }
  }

  /** All messages, once every replica holds the same ones; keys must have no gaps. */
  async agreed(): Promise<MessageView[]> {
    await this.cluster.level();
    const copies = await Promise.all(this.cluster.replicas.map(({ id }) => this.everything(id)));
    const [first = []] = copies;
    for (const copy of copies)
      if (JSON.stringify(copy) !== JSON.stringify(first)) throw new Error('replicas hold different messages');
    const gap = first.findIndex(({ key }, index) => key !== index);
    if (gap >= 0) throw new Error(`where key ${gap} belongs stands key ${first[gap]?.key}`);
    return first;
  }

  close(): void {
    this.client.close();
  }
}

/** What is wrong with acknowledged appends, given all messages: each must stand there once, under its key where it was committed. */
export function problemsOf(acknowledged: readonly Acknowledged[], messages: readonly MessageView[]): string[] {
  const byRequest = new Map<string, MessageView[]>();
  for (const message of messages)
    byRequest.set(message.request_id, [...(byRequest.get(message.request_id) ?? []), message]);
  return acknowledged.flatMap(({ requestId, value, key, receipt }) => {
    const found = byRequest.get(requestId) ?? [];
    const [one] = found;
    if (one === undefined) return `${value}: acknowledged with key ${key}, and lost`;
    if (found.length > 1) return `${value}: ${found.length} times`;
    if (one.value !== value) return `${value}: ${one.value} stands there instead`;
    // Only what was not committed may get another key.
    return receipt.committed && one.key !== key ? `${value}: told key ${key}, stands at ${one.key}` : [];
  });
}

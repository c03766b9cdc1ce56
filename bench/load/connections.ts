import { type ChannelOptions, type Client, credentials } from '@grpc/grpc-js';
import type { LoadOrder } from './protocol.js';

/** Customers share connections as processes with many users do. */
const CUSTOMERS_PER_CONNECTION = 64;
const channel: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
};

type Constructor<C extends Client> = new (
  address: string,
  channelCredentials: ReturnType<typeof credentials.createInsecure>,
  options: ChannelOptions,
) => C;

/** gRPC connections of the customers of a measurement. */
export class Connections<C extends Client> {
  readonly #all: readonly C[];

  constructor(Client: Constructor<C>, { target, customers }: Pick<LoadOrder, 'target' | 'customers'>) {
    const { addresses, connections = 1 } = target;
    const count = Math.max(connections, Math.ceil(customers / CUSTOMERS_PER_CONNECTION));
    this.#all = Array.from(
      { length: count },
      (_, index) => new Client(addresses[index % addresses.length] ?? '', credentials.createInsecure(), channel),
    );
  }

  /** That of a customer. */
  of(customer: number): C {
    const found = this.#all[customer % this.#all.length];
    if (found === undefined) throw new Error('there are no connections: name at least one address');
    return found;
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }
}

/** A message that is the bytes it travels as. */
export const asIs = (bytes: Buffer): Buffer => bytes;

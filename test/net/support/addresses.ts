import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Addresses on 127.0.0.1 that nobody listens on now. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const addresses = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return addresses;
}

/** Resolves when the condition holds; the test's own time limit is the only one. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

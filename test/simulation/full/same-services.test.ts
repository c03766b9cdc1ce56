import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { Service } from '../../../src/base/service.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { Violation } from '../checkers.js';
import { checkSameServices, type Server } from './same-services.js';
import { Counters, COUNTERS, COUNTERS_TABLE } from './workloads/counters-service.js';
import { COUNTERS_WORKLOAD } from './workloads/counters.js';

const ID = '018f0000-0000-7000-8000-000000000001';
const OTHER = '018f0000-0000-7000-8000-000000000002';

/** A replica whose counters have two additions; `spoil` does something to it then. */
function server(
  index: number,
  spoil: (service: Service, files: MemoryFiles) => Service = (service) => service,
): Server {
  const files = new MemoryFiles();
  const service = new Counters(files);
  for (const [at, requestId] of [ID, OTHER].entries()) {
    const update = JSON.stringify({ kind: 'add', name: 'tea', by: 1, copies: 2, value: at + 1 });
    const head = { op: op(3 + at), view: view(1), timeMs: 1, requestId, service: COUNTERS, update };
    service.commit(encodeEntry(head, GENESIS_CHAIN));
  }
  const served = spoil(service, files);
  return { index, services: new Map([[COUNTERS, served]]), folder: { text: (name) => files.contents()[name] } };
}

/** The same service but for one method. */
const but = (service: Service, other: Partial<Service>): Service =>
  new Proxy(service, {
    get(target, key) {
      const found: unknown = Reflect.get(key in other ? other : target, key);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });

function check(...servers: readonly Server[]): void {
  const expected = {
    kind: COUNTERS_WORKLOAD,
    audit: [{ kind: 'all' }],
    requestIds: [ID, OTHER, '018f0000-0000-7000-8000-000000000003'],
    opOf: (id: string) => ({ [ID]: 3, [OTHER]: 4 })[id],
  };
  checkSameServices(servers, [expected], { indexFrameRecords: 5 });
}

const faults: Readonly<Record<string, readonly [why: RegExp, spoiled: () => Server]>> = {
  'another snapshot': [
    /snapshot .* instead of/,
    () => server(1, (service) => but(service, { snapshot: () => '{"op":9,"additions":2,"requests":2}' })),
  ],
  'a request that it has forgotten': [
    new RegExp(`says that ${OTHER} is not committed`),
    () => server(1, (service) => but(service, { hasCommitted: (id) => id === ID })),
  ],
  'a request that nobody executed': [
    /000000000003 is committed/,
    () => server(1, (service) => but(service, { hasCommitted: () => true })),
  ],
  'a request at another op': [
    new RegExp(`${ID} stands at op 7, not 3`),
    () => server(1, (service) => but(service, { opOf: () => 7 })),
  ],
  'tables of which another state is made': [
    /restored, it answers/,
    () =>
      server(1, (service, files) => {
        const table = files.table(COUNTERS_TABLE, '');
        table.replace(table.text().replaceAll('tea', 'gin'));
        return service;
      }),
  ],
  'no such service': [/does not serve counters/, () => ({ ...server(1), services: new Map<string, Service>() })],
};

describe('simulation: same services', () => {
  for (const [name, [why, spoiled]] of Object.entries(faults))
    it(`same services: objects to ${name}`, () => {
      expect(() => check(server(0), spoiled())).to.throw(Violation, why);
    });

  it('same services: accepts equal ones', () => {
    check(server(0), server(1));
  });
});

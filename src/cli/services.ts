import type { Service, ServiceFiles } from '../base/service.js';
import type { ServiceContract } from '../base/service-contract.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { recordsContract } from '../services/records/contract.js';
import { Records } from '../services/records/records.js';
import { logContract } from '../services/log/contract.js';
import { MessageLog } from '../services/log/message-log.js';
import { tuplesContract } from '../services/tuples/contract.js';
import { Tuples } from '../services/tuples/tuples.js';
import { SERVICE_NAMES, type ServiceName } from './service-names.js';

/** A service beside food ordering: how its callers see it, and how a replica makes it over its files. */
export interface HostedService {
  readonly contract: ServiceContract;
  create(this: void, files: ServiceFiles): Service;
}

/** What makes the services of a cluster of its configuration. */
export type ServicesOf = (configuration: Pick<ClusterConfiguration, 'records'>) => readonly HostedService[];

/** Every service of this program has a line here. */
const MAKERS: Readonly<Partial<Record<ServiceName, (...of: Parameters<ServicesOf>) => HostedService>>> = {
  records: ({ records = {} }) => ({ contract: recordsContract(records), create: (files) => new Records(files) }),
  log: () => ({ contract: logContract, create: (files) => new MessageLog(files) }),
  tuples: () => ({ contract: tuplesContract, create: (files) => new Tuples(files) }),
};

/** The services of this program. Every replica holds all of them, whatever front ends serve. */
export const hostedServices: ServicesOf = (configuration) =>
  SERVICE_NAMES.flatMap((name) => MAKERS[name]?.(configuration) ?? []);

/** The contracts that front ends serve: those that `services` names. */
export function servedContracts(
  services: readonly HostedService[],
  { services: served }: Pick<ClusterConfiguration, 'services'>,
): ServiceContract[] {
  return services
    .map(({ contract }) => contract)
    .filter(({ service }) => served === undefined || served.includes(service));
}

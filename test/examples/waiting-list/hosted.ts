import type { HostedService } from '../../../src/cli/services.js';
import { waitingListContract } from './contract.js';
import { WaitingList } from './waiting-list.js';

/** The waiting list as replicas and front ends take it up; of a service of this program this is its line in src/cli/services.ts. */
export const waitingList: HostedService = {
  contract: waitingListContract,
  create: (files) => new WaitingList(files),
};

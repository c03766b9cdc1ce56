import { freePorts as free } from '../../src/cli/drill/free-ports.js';

/** Mocha's workers run at the same time. */
const worker = Number(process.env['MOCHA_WORKER_ID'] ?? 0) % 8;

/** Free ports of 127.0.0.1 that no other worker of mocha gets. */
export const freePorts = (count: number): Promise<number[]> => free(count, worker);

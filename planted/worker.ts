import { parentPort } from 'node:worker_threads';
import { search, type Search } from './search.js';
import { SIMULATIONS } from './simulations/index.js';

/** A thread that makes one search after the other. What it throws ends the program: it is no finding but a mistake of ours. */
parentPort?.on('message', (one: Search) => {
  void search(SIMULATIONS[one.simulation], one).then((found) => parentPort?.postMessage(found));
});

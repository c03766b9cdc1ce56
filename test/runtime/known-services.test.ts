import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import { UnknownServiceError } from '../../src/base/unknown-service.js';
import type { Loaded } from '../../src/ports/storage.js';
import { mustKnowServices } from '../../src/runtime/known-services.js';
import { WaitingList } from '../examples/waiting-list/waiting-list.js';
import { MemoryFiles } from '../support/memory-files.js';

const services = new Map([['waiting-list', new WaitingList(new MemoryFiles())]]);
const base = { op: op(0), chain: GENESIS_CHAIN, timeMs: 0 };
const entry = (service: string) =>
  encodeEntry({ op: op(1), view: view(0), timeMs: 0, requestId: '', service, update: '' }, GENESIS_CHAIN);

describe('runtime: services of a folder', () => {
  const durable = { clusterId: 'c', view: view(0), logView: view(0), recovering: false };
  const intact = (more: Partial<Extract<Loaded, { kind: 'intact' }>>): Loaded => ({
    kind: 'intact',
    durable,
    checkpoint: { base, snapshots: {} },
    entries: [],
    commit: op(0),
    outbox: [],
    ...more,
  });
  const damaged = (service: string): Loaded => ({
    kind: 'damaged',
    durable,
    damage: [],
    outbox: [],
    uncertain: [entry(service)],
  });

  for (const [what, loaded] of [
    ['nothing', { kind: 'empty' }],
    [
      'a service that is there',
      intact({ entries: [entry('waiting-list')], checkpoint: { base, snapshots: { 'waiting-list': '' } } }),
    ],
    ['a checkpoint of before it was there', intact({})],
    ['the core', intact({ entries: [entry('core')] })],
    ['damaged, of a service that is there', damaged('waiting-list')],
  ] as const) {
    it(`start: goes on (${what})`, () => mustKnowServices(services, loaded));
  }

  for (const [what, loaded, message] of [
    [
      'an entry',
      intact({ entries: [entry('log')] }),
      /does not know the service "log", to which op 1 belongs: run the newer/,
    ],
    [
      'a checkpoint',
      intact({ checkpoint: { base, snapshots: { log: '' } } }),
      /"log", to which a part of the checkpoint belongs/,
    ],
    ['damaged', damaged('log'), /"log", to which op 1 belongs/],
  ] as const) {
    it(`start: refused, nothing is made of the folder (${what})`, () => {
      expect(() => mustKnowServices(services, loaded)).to.throw(UnknownServiceError, message);
    });
  }
});

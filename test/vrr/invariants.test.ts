import { expect } from 'chai';
import { op, view } from '../../src/base/numbers.js';
import { invariants } from '../../src/vsr/invariants.js';
import type { State } from '../../src/vsr/state.js';
import { Cluster } from '../support/core-driver.js';

const breaches: Readonly<Record<string, (state: State) => void>> = {
  'logView is at most the view': (state) => (state.logView = view(state.view + 1)),
  'committed ops are in the log': (state) => (state.commit = op(9)),
  'tables hold committed ops only': (state) => (state.commit = op(1)),
  'tables hold ops of the own disk only': (state) => (state.durable = op(1)),
  'the log reaches back to the tables': (state) => (state.applied = op(0)),
  'nothing beyond the log is on disk': (state) => (state.durable = op(9)),
  'events wait only for a durable transition': (state) =>
    state.deferred.push({ kind: 'diskHasRoom', nowMs: 0, wallMs: 0, randomU32: 0 }),
  'a recovering replica knows how far it is': (state) => (state.status = 'recovering'),
  'a view change lacks its log': (state) => (state.status = 'view-change'),
};

describe('invariants', () => {
  for (const [rule, breach] of Object.entries(breaches))
    it(`invariants: a broken state is caught (${rule})`, () => {
      const cluster = Cluster.founded();
      const { state } = cluster.core(1);
      invariants(state);
      if (rule === 'the log reaches back to the tables') state.log.base = { ...state.log.base, op: op(1) };
      breach(state);
      expect(() => invariants(state)).to.throw(rule);
    });
});

import { expect } from 'chai';
import type { Customers, Done } from '../../bench/load/customers.js';
import { callAgain, callAtFixedTimes } from '../../bench/load/pace.js';
import { until } from '../support/until.js';

/** Customers whose calls end when the test says so. */
class HeldCustomers implements Customers {
  readonly waiting = new Map<number, Done>();
  calls = 0;

  call(index: number, done: Done): void {
    expect(this.waiting.has(index), `customer ${index} has a call under way`).to.equal(false);
    this.calls++;
    this.waiting.set(index, done);
  }

  answer(index: number, problem?: string): void {
    const done = this.waiting.get(index);
    this.waiting.delete(index);
    done?.(problem);
  }

  acknowledged(): number {
    return 0;
  }

  async close(): Promise<void> {}
}

describe('bench pace', () => {
  it('closed loop: every customer has one call under way, and the next begins with the answer', async () => {
    const customers = new HeldCustomers();
    const problems: (string | undefined)[] = [];
    const pace = callAgain(customers, 3, (_, problem) => problems.push(problem));
    expect([...customers.waiting.keys()]).to.deep.equal([0, 1, 2]);
    customers.answer(1, 'refused');
    expect(customers.calls).to.equal(4);
    const end = pace.stop();
    for (const index of [0, 1, 2]) customers.answer(index);
    await end;
    expect(customers.calls).to.equal(4);
    expect(problems).to.deep.equal(['refused', undefined, undefined, undefined]);
  });

  it('fixed times: a call that found all customers busy is late from the time at which it was due', async () => {
    const customers = new HeldCustomers();
    const due: number[] = [];
    const pace = callAtFixedTimes(customers, 1, 1000, (dueMs) => due.push(dueMs));
    await until(() => customers.waiting.size === 1 && pace.overdue().length >= 5, 'calls are overdue');
    const overdue = pace.overdue();
    for (let count = 0; count < 3; count++) customers.answer(0);
    // The first was due at the beginning, each of the others 1 ms after the one before, however late it was sent.
    expect(due.map((dueMs) => Math.round((dueMs - (due[0] ?? 0)) * 1000) / 1000)).to.deep.equal([0, 1, 2]);
    expect(overdue[0]).to.be.closeTo(due[1] ?? 0, 0.001);
    const end = pace.stop();
    customers.answer(0);
    await end;
    expect(customers.waiting.size).to.equal(0);
  });

  it('fixed times: as many calls as are due leave, while customers are free', async () => {
    const customers = new HeldCustomers();
    const began = performance.now();
    const pace = callAtFixedTimes(customers, 1000, 500, () => undefined);
    await until(() => customers.calls >= 25, '25 calls were sent');
    const elapsedMs = performance.now() - began;
    expect(customers.calls).to.be.at.most(Math.floor(elapsedMs / 2) + 1);
    expect(pace.overdue()).to.deep.equal([]);
    const end = pace.stop();
    for (const index of customers.waiting.keys()) customers.answer(index);
    await end;
  });
});

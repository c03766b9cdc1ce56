import { expect } from 'chai';
import { parseOptions } from '../../bench/options.js';
import { WORKLOADS } from '../../bench/workloads/registry.js';

describe('bench options', () => {
  it('defaults: orders, five rounds, no peers, customers of the workload', () => {
    const options = parseOptions([]);
    expect(options?.workloads.map(({ name }) => name)).to.deep.equal(['order']);
    expect(options).to.include({ rounds: 5, measureMs: 3000, hasPeers: false });
    expect(options).to.not.have.any.keys('customers', 'ratePerSecond', 'only');
  });

  it('lists: workloads in the order given, customers as numbers', () => {
    const options = parseOptions(['--workloads', 'menu,order', '--customers', '1,64', '--rate', '500']);
    expect(options?.workloads.map(({ name }) => name)).to.deep.equal(['menu', 'order']);
    expect(options).to.deep.include({ customers: [1, 64], ratePerSecond: 500 });
    expect(parseOptions(['--workloads', 'all'])?.workloads).to.equal(WORKLOADS);
  });

  it('peers: --only peers asks for them too', () => {
    expect(parseOptions(['--only', 'peers'])).to.include({ only: 'peers', hasPeers: true });
  });

  for (const [args, error] of [
    [['--workloads', 'ordr'], /no workload ordr; there are order,/],
    [['--customers', '64,x'], /--customers is x/],
    [['--customers', '1.5'], /whole numbers/],
    [['--rounds', '0'], /--rounds is 0/],
    [['--only', 'etcd'], /allowed: cluster, proxy, peers/],
  ] as const)
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => parseOptions(args)).to.throw(error);
    });

  it('workloads: have names of their own, and just-hungry takes part in each', () => {
    expect(new Set(WORKLOADS.map(({ name }) => name)).size).to.equal(WORKLOADS.length);
    for (const { calls, customers } of WORKLOADS) {
      expect(calls).to.have.property('just-hungry');
      expect(customers.length).to.be.at.least(1);
    }
  });
});

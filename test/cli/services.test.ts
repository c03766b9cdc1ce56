import { expect } from 'chai';
import { hostedServices, servedContracts } from '../../src/cli/services.js';
import { bindContracts } from '../../src/net/contract-methods.js';
import { waitingList } from '../examples/waiting-list/hosted.js';
import { MemoryFiles } from '../support/memory-files.js';

describe('services', () => {
  it('contracts: those of this program go together with their proto files, and the services have their names', () => {
    const hosted = hostedServices({});
    bindContracts(hosted.map(({ contract }) => contract));
    for (const { contract, create } of hosted) expect(create(new MemoryFiles()).name).to.equal(contract.service);
  });

  it('served: all, or those that the configuration names', () => {
    const names = (services?: readonly string[]): string[] =>
      servedContracts([waitingList], services === undefined ? {} : { services }).map(({ service }) => service);
    expect(names()).to.deep.equal(['waiting-list']);
    expect(names(['log'])).to.deep.equal([]);
    expect(names(['log', 'waiting-list'])).to.deep.equal(['waiting-list']);
  });
});

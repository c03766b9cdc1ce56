import { expect } from 'chai';
import type { Cli } from '../../src/cli/cli.js';
import { settledStatus } from '../../src/cli/start-report.js';
import type { ClusterConfiguration } from '../../src/ports/configuration.js';

describe('start: what is up', () => {
  it('does not wait longer for replicas that hang than for such as answer', async () => {
    let nowMs = 0;
    let asked = 0;
    const reader = {
      // Each answer is waited for in vain until its deadline.
      status: (): Promise<never> => {
        nowMs += 1_000;
        asked++;
        return Promise.reject(new Error('no answer within 1000 ms'));
      },
      close: (): void => undefined,
    };
    const cli = { environment: { createStatusReader: () => Promise.resolve(reader) } } as unknown as Cli;
    const replicas = [{ id: 'replica-1', address: '127.0.0.1:1' }];
    const configuration = { replicas, quorum: 1, token: 'token' } as unknown as ClusterConfiguration;
    const status = await settledStatus(
      cli,
      configuration,
      () => false,
      () => nowMs,
    );
    expect(status.replicas.map(({ reason }) => reason)).to.deep.equal(['no answer within 1000 ms']);
    expect(asked).to.equal(3);
  });
});

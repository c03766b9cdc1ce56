import { expect } from 'chai';
import { parseConfiguration } from '../../src/cli/configuration-schema.js';
import { runCommand } from './support/command-run.js';

describe('chaos and drill: what cannot be meant', () => {
  const refused: readonly (readonly [string[], RegExp])[] = [
    [['chaos', 'kill', 'replica-9'], /no replica "replica-9"; allowed: replica-1, replica-2, replica-3/],
    [['chaos', 'drop', 'replica-1', '2'], /share is "2"; allowed: above 0 and up to 1/],
    [['chaos', 'errors', 'replica-1', 'often'], /share is "often"/],
    [['chaos', 'pause', 'replica-1', '0s'], /time is "0s"; allowed: 1ms to 600s/],
    [['chaos', 'delay', 'replica-1', '20m'], /time is "20m"/],
    [['chaos', 'pause', 'replica-1', '5'], /time is "5"; allowed: 1ms to 600s/],
    [['chaos', 'cut', 'replica-1', 'replica-9'], /no replica "replica-9"/],
    [['chaos', 'cut', 'replica-1', 'replica-1'], /A way has two ends; both are "replica-1"/],
    [['drill', '--faults', 'kill-primary,flood'], /"flood"; allowed: kill-primary, kill-all/],
    [['drill', '--seconds', '0'], /--seconds is "0"; allowed: 1 to 3600/],
  ];
  for (const [argv, told] of refused)
    it(`${argv.join(' ')}: usage`, async () => {
      const run = await runCommand(argv);
      expect(run.exitCode).to.equal(2);
      expect(run.stderr).to.match(told);
    });

  it('configuration: chaos is true or false, and off when not named', () => {
    const written = {
      replicas: [{ id: 'a', address: '127.0.0.1:7401', resources: 'a' }],
      frontEnds: [{ id: 'f', address: '127.0.0.1:7400' }],
    };
    const parse = (chaos?: unknown) =>
      parseConfiguration(chaos === undefined ? written : { ...written, chaos }, (one) => one);
    expect(parse(true)).to.have.nested.property('settings.chaos', true);
    expect(parse()).to.not.have.nested.property('settings.chaos');
    expect(parse('yes')).to.deep.equal({ problems: ['chaos is "yes"; allowed: true or false.'] });
  });
});

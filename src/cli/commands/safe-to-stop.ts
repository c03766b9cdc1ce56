import type { Command } from 'commander';
import { counted } from '../../client/text/values.js';
import type { Cli, CommonOptions } from '../cli.js';
import { EXIT_FAILED } from '../environment.js';
import { clusterOf, settledAnswers } from '../operated-replicas.js';
import { predictStop, type StopPrediction } from '../stop-prediction.js';

/** `safe-to-stop ID`: what happens when that replica is stopped now; exit code 1 when orders would not go on. */
export function addSafeToStopCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program.command('safe-to-stop <replica>').description('say what happens when that replica is stopped now'),
    )
    .action(async (id: string, options: CommonOptions) => {
      const configuration = clusterOf(cli, options, id);
      const prediction = predictStop(await settledAnswers(cli, configuration), id, configuration.quorum);
      cli.print(options, prediction, predictionText(prediction));
      if (!prediction.safe) cli.exitCode = EXIT_FAILED;
    });
}

const HEADS = {
  'go-on': 'Yes: orders go on, nobody notices.',
  'go-on-after-failover': 'Yes: orders go on after a failover.',
  close: 'No: orders would close.',
  'stay-closed': 'Orders are closed, and would stay so.',
} as const;

function predictionText({ orders, why, lagging, may_fail_then, safe }: StopPrediction): string {
  const behind = lagging.map(({ id, lag_ops }) => `${id} (${counted(lag_ops, 'op')} behind)`).join(', ');
  return [
    HEADS[orders],
    why,
    ...(behind === '' ? [] : [`Not level, or not counted, then: ${behind}.`]),
    ...(safe ? [`After that ${may_fail_then} more may fail.`] : []),
  ].join('\n');
}

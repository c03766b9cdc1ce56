import { OPERATOR_ASKED } from '../base/asked-for.js';
import type { SwitchoverOutcome } from '../ports/calls.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { Cli } from './cli.js';
import type { ReplicaAnswer } from './cluster-status.js';
import { CommandFailedError } from './command-error.js';
import { settledAnswers, withControl } from './operated-replicas.js';

/** A switchover that was done. */
export interface Switchover {
  readonly from: string;
  readonly to: string;
  readonly view: number;
  /** How long no new order was executed, ms; customers wait for so long, and see no error. */
  readonly pauseMs: number;
}

/** Hands the office to `to`, or to the backup that has most of the log. Throws CommandFailedError with why not, and what to do. */
export async function switchOver(cli: Cli, configuration: ClusterConfiguration, to?: string): Promise<Switchover> {
  const answers = await settledAnswers(cli, configuration);
  const from = primaryOf(answers);
  if (from === undefined)
    throw new CommandFailedError(
      "no replica is primary now, so there is nothing to hand over; 'just-hungry status' says why and what to do.",
    );
  const target = to ?? mostLevel(answers, from);
  if (target === undefined)
    throw new CommandFailedError(`no backup could take over from ${from}: start one, and wait until it is level.`);
  refuseWhenAbsent(answers, target);
  const outcome: SwitchoverOutcome = await withControl(cli, configuration, from, async (control) =>
    control.switchOver(target, `${OPERATOR_ASKED} for a switchover to ${target}`),
  );
  if (!outcome.isDone)
    throw new CommandFailedError(`not switched over, ${from} ${stands(outcome, from)}: ${outcome.reason}`);
  return { from, to: target, view: outcome.view, pauseMs: outcome.pauseMs };
}

const stands = ({ primaryId }: SwitchoverOutcome, from: string): string =>
  primaryId === from
    ? 'stays primary'
    : `is not primary any more (${primaryId === '' ? 'nobody is yet' : `${primaryId} is`})`;

/** The replica that acts as primary in the latest view. */
export function primaryOf(answers: readonly ReplicaAnswer[]): string | undefined {
  const acting = answers.flatMap(({ status }) => (status?.role === 'primary' ? [status] : []));
  return acting.toSorted((a, b) => b.view - a.view)[0]?.id;
}

function mostLevel(answers: readonly ReplicaAnswer[], from: string): string | undefined {
  const primary = answers.find(({ id }) => id === from)?.status;
  const healthy = new Set(primary?.peers.filter(({ health }) => health === 'healthy').map(({ id }) => id));
  const backups = answers.flatMap(({ status }) =>
    status?.role === 'backup' && healthy.has(status.id) ? [status] : [],
  );
  return backups.toSorted((a, b) => b.durableOp - a.durableOp)[0]?.id;
}

/** What only the replica itself can say; the rest is for the primary to judge. */
function refuseWhenAbsent(answers: readonly ReplicaAnswer[], target: string): void {
  const { status, why } = answers.find(({ id }) => id === target) ?? { status: undefined, why: '' };
  if (status === undefined)
    throw new CommandFailedError(
      `${target} does not answer (${why}): start it and wait until it is level, or name another one. Nothing was changed.`,
    );
  if (status.role === 'recovering' || status.role === 'founding')
    throw new CommandFailedError(
      `${target} is ${status.role}: wait until 'just-hungry status' shows it as backup, or name another one. Nothing was changed.`,
    );
}

import type { Command } from 'commander';
import { itemsText } from '../../client/text/order-text.js';
import { alignedTable } from '../../client/text/table.js';
import { counted, pounds } from '../../client/text/values.js';
import { type OrderStory, orderStory, type StoryAnswer, type StoryCopy } from '../../operations/order-story.js';
import type { FolderRow } from '../../ports/inspection.js';
import type { Cli, CommonOptions } from '../cli.js';
import { withKnownToken } from '../configuration.js';
import { EXIT_FAILED } from '../environment.js';
import { ORDERING } from '../../services/ordering/ordering.js';
import { orderIdOf } from '../order-id.js';
import { type ReachedReplica, withReplicas } from '../replica-access.js';

/** `explain ID`: all that the replicas know of an order, or of another service's request, with or without a primary; exit code 1 when nobody knows it. */
export function addExplainCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(
      program
        .command('explain <id>')
        .description(
          'say what became of an order, or of a request of another service: its ops and views, which copies hold it, failovers since',
        ),
    )
    .action(async (order: string, options: CommonOptions) => {
      const orderId = orderIdOf(order);
      await withReplicas(cli, withKnownToken(cli.settings(options)), async (replicas) => {
        const told = await Promise.all(replicas.map((replica) => answerOf(replica, orderId)));
        const answers = await Promise.all(
          told.map(async (answer, at) => {
            const inFolder =
              answer.explanation === undefined ? await rowsInFolder(cli, replicas[at], orderId) : undefined;
            return inFolder === undefined ? answer : { ...answer, inFolder };
          }),
        );
        const leading = replicas
          .flatMap(({ status }) => status ?? [])
          .filter(({ role }) => role === 'primary')
          .toSorted((a, b) => b.view - a.view)[0];
        const ids = replicas.map(({ id }) => id);
        const story = orderStory(orderId, answers, ids, leading?.id ?? '');
        cli.print(options, story, textOf(story));
        if (!story.found) cli.exitCode = EXIT_FAILED;
      });
    });
}

async function answerOf({ id, status, why, inspector }: ReachedReplica, orderId: string): Promise<StoryAnswer> {
  if (status === undefined) return { id, explanation: undefined, why };
  try {
    return { id, explanation: await inspector.explainOrder(orderId), why: '' };
  } catch (error) {
    return { id, explanation: undefined, why: error instanceof Error ? error.message : String(error) };
  }
}

/** What stands of the order in the folder of a replica that does not run; `undefined` when it cannot be read from here. */
async function rowsInFolder(
  cli: Cli,
  replica: ReachedReplica | undefined,
  orderId: string,
): Promise<readonly FolderRow[] | undefined> {
  if (replica === undefined || replica.status !== undefined) return undefined;
  try {
    const tools = await cli.environment.openFolderTools();
    return await tools.searchStopped(replica.resources, orderId);
  } catch {
    // It lies on another machine, or somebody uses it: then nothing is known of it.
    return undefined;
  }
}

function textOf(story: OrderStory): string {
  const { order_id: id, answered_by: by, as_of_op: op, primary, unreachable, not_known: unknown } = story;
  const source = by === '' ? '' : `Told by ${by}${by === primary ? ', the primary' : ''}, whose tables reach op ${op}.`;
  const noPrimary =
    primary === '' && by !== '' ? 'There is no primary now: this is what was known to be committed.' : '';
  const paragraphs = [
    [...headOf(story), source, noPrimary].filter((line) => line !== ''),
    story.steps.length === 0 ? [] : [stepsText(story), '', copiesText(story.steps)],
    story.requests.length === 0 ? [] : [requestsText(story), '', copiesText(story.requests)],
    failoverLines(story),
    [
      ...story.pending.map(
        (one) =>
          `${one.replica} has it in its log${one.service === ORDERING ? '' : ` (${one.service})`} at op ${one.op} (view ${one.view}), not known to be committed${one.durable ? '' : ', nor on its disk'}.`,
      ),
      ...story.outbox.map((replica) => `It waits in the outbox of ${replica}: acknowledged, not confirmed yet.`),
      ...story.disagree.map((replica) => `${replica} says otherwise: 'just-hungry diff ${by} ${replica}' shows how.`),
      ...unreachable.map(({ replica, why }) => `${replica} does not answer: ${why}`),
    ],
    folderLines(story),
    unknown.length === 0 || !story.found ? [] : ['Not known:', ...unknown.map((line) => `  ${line}`)],
  ];
  const text = paragraphs.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return text.length === 0 ? `${id} is not known.` : text.join('\n\n');
}

function headOf(story: OrderStory): string[] {
  const { order_id: id, order, refused, found, as_of_op: op, unreachable, folders, outbox, pending } = story;
  if (order !== null) {
    const reason = order.reason === '' ? '' : ` (${order.reason})`;
    return [
      `Order ${id} of ${order.user_code}: ${order.status}${reason}`,
      `${itemsText(order.lines)}, ${pounds(order.total_pence)}, ${order.post_code} (${order.postcode_check}), placed ${order.placed_at}`,
    ];
  }
  const [request] = story.requests;
  if (request !== undefined) return [`Request ${id} of the service ${request.service}: done at op ${request.op}.`];
  if (refused !== null) return [`Order ${id} was refused at op ${refused.op}: ${refused.why}`, 'Its id is spent.'];
  if (found && folders.length > 0 && outbox.length + pending.length === 0)
    return [`${id}: no replica that answers knows it; the folder of one that does not run does.`];
  if (found) return [`${id} is not committed.`];
  const whole = unreachable.length === 0 ? 'no replica knows it' : 'no replica that answers knows it';
  return [`${id}: ${whole}, up to op ${op}.`];
}

/** What stands in folders and is not told above; of a journal only which op it is, for people. */
function folderLines({ folders: all, steps, requests }: OrderStory): string[] {
  const told = new Set([...steps, ...requests].map(({ op }) => op));
  const folders = all.filter(({ op }) => op === null || !told.has(op));
  const ids = [...new Set(folders.map(({ replica }) => replica))];
  return ids.flatMap((id) => [
    `In the folder of ${id}, which does not run:`,
    ...folders
      .filter(({ replica }) => replica === id)
      .map(({ file, op, view, row }) => `  ${file}: ${view === null ? row : `op ${op}, view ${view}`}`),
  ]);
}

function stepsText({ steps }: OrderStory): string {
  return alignedTable(
    [
      { heading: 'OP', align: 'right' },
      { heading: 'VIEW', align: 'right' },
      { heading: 'PRIMARY' },
      { heading: 'AT' },
      { heading: 'STATUS' },
      { heading: 'POSTCODE' },
      { heading: 'REQUEST' },
      { heading: '' },
    ],
    steps.map((step) => [
      String(step.op),
      String(step.view),
      step.primary,
      step.at,
      step.status,
      step.postcode_check,
      step.request_id,
      step.reason,
    ]),
  );
}

function requestsText({ requests }: OrderStory): string {
  return alignedTable(
    [
      { heading: 'OP', align: 'right' },
      { heading: 'VIEW', align: 'right' },
      { heading: 'PRIMARY' },
      { heading: 'SERVICE' },
      { heading: 'CHAIN' },
    ],
    requests.map(({ op, view, primary, service, chain }) => [String(op), String(view), primary, service, chain]),
  );
}

/** Which copy has which op on its disk, and by when. */
function copiesText(steps: readonly { readonly op: number; readonly copies: readonly StoryCopy[] }[]): string {
  const replicas = steps[0]?.copies.map(({ replica }) => replica) ?? [];
  const table = alignedTable(
    [{ heading: 'OP', align: 'right' }, ...replicas.map((replica) => ({ heading: `ON DISK AT ${replica}` }))],
    steps.map(({ op, copies }) => [String(op), ...copies.map(copyText)]),
  );
  return table;
}

function copyText({ holds, on_disk_by: by }: StoryCopy): string {
  if (holds === 'unknown') return 'not known';
  if (holds === 'no') return 'not in its tables';
  if (holds === 'folder') return 'in its stopped folder';
  return `${holds}, by ${by ?? 'a time not known'}`;
}

function failoverLines({ failovers, order, requests }: OrderStory): string[] {
  if (order === null && requests.length === 0) return [];
  const done = order === null ? 'done' : 'placed';
  if (failovers.length === 0) return [`No failover since it was ${done}.`];
  return [
    `${counted(failovers.length, 'failover')} since it was ${done}:`,
    ...failovers.map(
      ({ view, primary, first_op: first }) =>
        `  view ${view}, primary ${primary}, ${first === null ? 'nothing committed in it yet' : `from op ${first}`}`,
    ),
  ];
}

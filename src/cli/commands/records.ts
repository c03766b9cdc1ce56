import path from 'node:path';
import type { Command } from 'commander';
import { v7 as uuidV7 } from 'uuid';
import { readWithFallback } from '../../client/fallback-read.js';
import { isSettled } from '../../client/placement.js';
import { receiptText } from '../../client/text/order-text.js';
import { fieldsShownAsJson, recordText } from '../../client/text/record-text.js';
import { CallRefusedError } from '../../ports/ordering-client.js';
import type { ReadRecordView, RecordListView, RecordView, UpdatedRecordView } from '../../ports/records-view.js';
import type { ServiceClient } from '../../ports/service-client.js';
import { recordsContract } from '../../services/records/contract.js';
import type { Cli, ClientOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { fieldsOfArguments, fieldsOfFile, type RecordField } from '../record-fields.js';

interface UpdateOptions extends ClientOptions {
  readonly file?: string;
  readonly expectedVersion?: string;
  readonly writeConcern?: string;
  readonly requestId?: string;
}

interface ReadOptions extends ClientOptions {
  readonly replica?: string;
  readonly minOp?: string;
}

/** The gate is the servers': a client's contract knows no configuration. */
const CONTRACT = recordsContract();

/** `records update NAME`, `records import NAME`, `records get NAME`, `records list`. */
export function addRecordsCommand(program: Command, cli: Cli): void {
  const records = program.command('records').description('named records of text fields, replicated');
  addUpdate(records, cli, 'update', 'Update', 'set fields of a record, which is made if it is not there');
  addUpdate(records, cli, 'import', 'Import', 'as update, also fields that may not be updated; staff only');
  addGet(records, cli);
  addList(records, cli);
}

function addUpdate(records: Command, cli: Cli, command: string, method: string, description: string): void {
  cli
    .withClientOptions(records.command(command).description(description))
    .argument('<name>', 'of the record')
    .argument('[fields...]', "key=value, such as 'about=cooks, eats'")
    .option('--file <file>', 'the fields, UTF-8, one key=value a line; the value is all behind the first =')
    .option('--expected-version <n>', 'only when the record has this version; 0: only when it is not there')
    .option('--write-concern <n>', '1 to the number of replicas, majority or all (default: as configured)')
    .option('--request-id <uuid>', 'UUIDv7 of an update whose outcome is not known: it is done once')
    .action(async (name: string, texts: string[], options: UpdateOptions) => {
      const fields = fieldsOf(cli, texts, options);
      const { expectedVersion, writeConcern, requestId = uuidV7() } = options;
      const request = {
        request_id: requestId,
        name,
        fields,
        ...(expectedVersion === undefined ? {} : { expected_version: wholeOf('--expected-version', expectedVersion) }),
        ...(writeConcern === undefined ? {} : { write_concern: writeConcern }),
      };
      await cli.withServiceClient(CONTRACT, options, async (client) => {
        const result = await known(cli, requestId, () => client.call<UpdatedRecordView>(method, request));
        const { record, receipt } = result;
        cli.print(options, result, `${recordText(record)}\n${headText(record)} ${receiptText(receipt)}`);
        noteHidden(cli, options, record);
      });
    });
}

function addGet(records: Command, cli: Cli): void {
  withReadOptions(cli, records.command('get').description('show a record, also as one replica has it'))
    .argument('<name>', 'of the record')
    .action(async (name: string, options: ReadOptions) => {
      await cli.withServiceClient(CONTRACT, options, async (client) => {
        const answer = await read<ReadRecordView>(cli, client, options, 'Get', { name });
        const { record, as_of: asOf } = answer;
        cli.print(options, answer, recordText(record));
        if (options.json === true) return;
        cli.note(`${headText(record)} Read from ${asOf.replica}, as of op ${asOf.op}.`);
        noteHidden(cli, options, record);
      });
    });
}

function addList(records: Command, cli: Cli): void {
  withReadOptions(cli, records.command('list').description('list the names of the records, oldest first'))
    .option('--after <name>', 'go on behind this one')
    .option('--limit <n>', '1 to 500', '100')
    .action(async (options: ReadOptions & { after?: string; limit: string }) => {
      const { after = '', limit } = options;
      const size = wholeOf('--limit', limit);
      if (size < 1) throw new UsageError('--limit is 0; allowed: 1 to 500.');
      await cli.withServiceClient(CONTRACT, options, async (client) => {
        const answer = await read<RecordListView>(cli, client, options, 'List', { after, page_size: size });
        const lines = answer.records.map(({ name, version, op }) => `${name}  (version ${version}, op ${op})\n`);
        cli.print(options, answer, lines.length === 0 ? 'There are no more records.' : lines.join(''));
        if (answer.has_more) cli.note(`There are more: --after '${answer.records.at(-1)?.name ?? ''}'.`);
      });
    });
}

function withReadOptions(cli: Cli, command: Command): Command {
  return cli
    .withClientOptions(command)
    .option('--replica <id>', "which replica's copy: its id, or primary (default: fresh, from whoever can tell)")
    .option(
      '--min-op <n>',
      'as of this op or a later one, such as that of an update; without --replica from any copy, in turn',
    );
}

/** Reads fresh, where that cannot be what there is; or what the replica that was named has, or any that has an op. */
async function read<Answer extends ReadRecordView | RecordListView>(
  cli: Cli,
  client: ServiceClient,
  { replica, minOp }: ReadOptions,
  method: string,
  request: object,
): Promise<Answer & { readonly consistency: string }> {
  if (replica !== undefined || minOp !== undefined) {
    const where = replica === undefined ? {} : { replica };
    const what = minOp === undefined ? {} : { min_op: wholeOf('--min-op', minOp) };
    const consistency = replica === 'primary' ? 'linearizable' : minOp === undefined ? 'any' : 'session';
    const answer = await client.call<Answer>(method, { ...request, ...what, ...where, consistency });
    return { ...answer, consistency };
  }
  const { answer, consistency, whyNotFresh } = await readWithFallback((fresh) =>
    client.call<Answer>(method, { ...request, ...fresh }),
  );
  if (consistency === 'any') cli.note(`as of op ${answer.as_of.op}, may be incomplete: ${whyNotFresh}`);
  return { ...answer, consistency };
}

/** A write; where its outcome is not known, with how to find out. */
async function known<Result>(cli: Cli, requestId: string, write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof CallRefusedError && !isSettled(error.refusal))
      cli.note(
        `Give the same command again with --request-id ${requestId}: it is done once, however often it is given.`,
      );
    throw error;
  }
}

function fieldsOf(cli: Cli, texts: readonly string[], { file }: UpdateOptions): RecordField[] {
  if (file !== undefined && texts.length > 0)
    throw new UsageError('The fields come from --file or from the command line, not from both.');
  if (file !== undefined) return fieldsOfFile(path.resolve(cli.environment.cwd, file));
  if (texts.length > 0) return fieldsOfArguments(texts);
  throw new UsageError('Nothing to set: name fields as key=value, or a file of them with --file FILE.');
}

function headText({ name, version, op }: RecordView): string {
  return `${name} has version ${version} (op ${op}).`;
}

function noteHidden(cli: Cli, { json }: ClientOptions, record: RecordView): void {
  const hidden = json === true ? [] : fieldsShownAsJson(record);
  if (hidden.length > 0)
    cli.note(`Shown as JSON, because a line cannot bear it: ${hidden.join(', ')}; --json has the exact text.`);
}

function wholeOf(option: string, text: string): number {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  throw new UsageError(`${option} is ${JSON.stringify(text)}; allowed: a whole number from 0.`);
}

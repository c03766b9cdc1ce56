import type { Command } from 'commander';
import type { ServiceContract } from '../base/service-contract.js';
import type { ServiceClient } from '../ports/service-client.js';
import type { AsOfView, OrderingClient } from '../ports/ordering-client.js';
import type { ReadAnswer } from '../client/fallback-read.js';
import { createPendingOrders, pendingFolderOf, type PendingOrders } from '../client/pending-orders.js';
import { asOfText } from '../client/text/as-of-text.js';
import { createPaint, type Paint } from '../client/text/paint.js';
import { UsageError } from './command-error.js';
import { findConfiguration, readSettings, type Settings } from './configuration.js';
import { ADDRESS_ALLOWED, isAddress } from './configuration-schema.js';
import { type CliEnvironment, EXIT_DONE } from './environment.js';
import { pem } from './tls-files.js';

/** Options of every command. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Options of the commands that talk to front ends. */
export interface ClientOptions extends CommonOptions {
  readonly frontEnd?: readonly string[];
  readonly ca?: string;
}

/** The front ends as a command reaches them. */
export interface Connection {
  readonly client: OrderingClient;
  /** Their addresses. */
  readonly frontEnds: readonly string[];
}

/** What the commands share: where the configuration is, how to reach the front ends, how to print. */
export class Cli {
  readonly environment: CliEnvironment;
  readonly paint: Paint;
  /** Set by a command; undefined: a server was started and the process goes on. */
  exitCode: number | undefined = EXIT_DONE;

  constructor(environment: CliEnvironment) {
    this.environment = environment;
    const { stdout, env } = environment;
    const isWished = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
    this.paint = createPaint(stdout.isTTY === true && isWished);
  }

  /** Adds the options of every command. */
  withCommonOptions(command: Command): Command {
    return command
      .option('--config <file>', 'configuration of the cluster (default: resources/cluster.json)')
      .option('--json', 'JSON on stdout');
  }

  /** Adds the options of the commands that talk to front ends. */
  withClientOptions(command: Command): Command {
    return this.withCommonOptions(command)
      .option(
        '--front-end <address>',
        'a front end to ask, host:port, instead of those of the configuration; may be repeated',
        repeated,
      )
      .option(
        '--ca <file>',
        "front ends given by --front-end speak TLS, with a certificate of this CA ('system': one that Node knows)",
      );
  }

  /** The configuration. Throws ConfigurationError. */
  settings({ config }: CommonOptions): Settings {
    const { env, cwd, packageRoot } = this.environment;
    return readSettings(findConfiguration({ option: config, env, cwd, packageRoot }));
  }

  /** Does something with the front ends and closes the connection in any case. */
  async withClient<T>(options: ClientOptions, action: (connection: Connection) => Promise<T>): Promise<T> {
    const { frontEnds, ...access } = this.#reach(options);
    const client = await this.environment.createOrderingClient(frontEnds, access);
    try {
      return await action({ client, frontEnds });
    } finally {
      client.close();
    }
  }

  /** Does something with a service of the front ends and closes the connection in any case. */
  async withServiceClient<T>(
    contract: ServiceContract,
    options: ClientOptions,
    action: (client: ServiceClient) => Promise<T>,
  ): Promise<T> {
    const { frontEnds, ...access } = this.#reach(options);
    const client = await this.environment.createServiceClient(contract, frontEnds, access);
    try {
      return await action(client);
    } finally {
      client.close();
    }
  }

  /** The front ends' addresses, and what their callers are known by and know them by. */
  #reach(options: ClientOptions): {
    readonly frontEnds: readonly string[];
    readonly staffToken?: string;
    readonly tlsCas: ReadonlyMap<string, Buffer | 'system'>;
  } {
    const { env } = this.environment;
    for (const address of options.frontEnd ?? [])
      if (!isAddress(address))
        throw new UsageError(`--front-end is ${JSON.stringify(address)}; allowed: ${ADDRESS_ALLOWED}.`);
    // With addresses given no configuration is needed: a customer's computer has none.
    const settings =
      options.frontEnd === undefined || options.config !== undefined ? this.settings(options) : undefined;
    const frontEnds = options.frontEnd ?? settings?.frontEnds.map(({ address }) => address) ?? [];
    const staffToken = env['JUST_HUNGRY_STAFF_TOKEN'] ?? settings?.staffToken;
    const tlsCas = tlsCasOf(options, settings);
    return { frontEnds, tlsCas, ...(staffToken === undefined ? {} : { staffToken }) };
  }

  /** The user's orders without an outcome. */
  pendingOrders(): PendingOrders {
    const { env, home } = this.environment;
    return createPendingOrders(pendingFolderOf(env, home));
  }

  /** Prints the result: one line of JSON, or text for people. */
  print({ json }: CommonOptions, value: object, text: string): void {
    this.environment.stdout.write(
      json === true ? `${JSON.stringify(value)}\n` : text.endsWith('\n') ? text : `${text}\n`,
    );
  }

  /** Prints the result of a read, labelled on stderr when it is not fresh. */
  printRead<T extends { readonly as_of: AsOfView }>(
    options: CommonOptions,
    { answer, consistency, whyNotFresh }: ReadAnswer<T>,
    text: (answer: T) => string,
  ): void {
    if (consistency === 'any') this.note(`${asOfText(answer.as_of)}: ${whyNotFresh}`);
    this.print(options, { ...answer, consistency }, text(answer));
  }

  /** Tells something on stderr that is not part of the result. */
  note(line: string): void {
    this.environment.stderr.write(`${line}\n`);
  }
}

/** By which CAs the front ends that speak TLS are known, by address. Throws UsageError, ConfigurationError. */
function tlsCasOf({ frontEnd, ca }: ClientOptions, settings: Settings | undefined): Map<string, Buffer | 'system'> {
  const cas = new Map<string, Buffer | 'system'>();
  const caOf = (file: string | undefined, field: string) =>
    file === undefined || file === 'system' ? 'system' : pem(file, field);
  for (const { id, address, tls } of settings?.frontEnds ?? [])
    if (tls !== undefined) cas.set(address, caOf(tls.ca, `tls.ca of front end ${id}`));
  if (ca === undefined) return cas;
  if (frontEnd === undefined)
    throw new UsageError('--ca goes with --front-end; the configuration has frontEnds[].tls.ca.');
  for (const address of frontEnd) cas.set(address, caOf(ca, '--ca'));
  return cas;
}

/** Collects the values of an option that may be repeated. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

import { Client, type ClientReadableStream, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { v7 as uuidV7 } from 'uuid';
import { assert, present } from '../base/assert.js';
import type { RefusalReason } from '../base/refusal.js';
import type { MethodContract, ServiceContract, WireMessage } from '../base/service-contract.js';
import { CallRefusedError, type ConsistencyName } from '../ports/ordering-client.js';
import type { ServiceClient, ServiceStreamOptions } from '../ports/service-client.js';
import { bearerMetadata } from './bearer-token.js';
import { isBroken, REOPEN_MS, rest } from './broken-stream.js';
import { bindContracts, type CheckedMessage } from './contract-methods.js';
import { callRefusedError } from './error-details.js';
import { FailoverCaller } from './failover-caller.js';
import type { OrderingClientOptions } from './ordering-client.js';
import { WIRE_CONSISTENCY } from './ordering-enums.js';
import { statusRow } from './status-table.js';

/** Settings of a service client. */
export type ServiceClientOptions = OrderingClientOptions;

const DEADLINE_MS = 5000;
/** A write is sent at most so often, with this wait between, ms. */
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 300;

/** Refusals that are what the caller asked to know, though the same call may have another answer later. */
const TOLD_AT_ONCE: ReadonlySet<RefusalReason> = new Set([
  'WRITE_CONCERN_NOT_MET',
  'RATE_LIMITED',
] satisfies RefusalReason[]);

/** A method of the contract, ready to be called. */
interface Bound {
  readonly contract: MethodContract;
  readonly path: string;
  readonly request: CheckedMessage;
  readonly response: CheckedMessage;
}

/** Makes a client of a service over one or more front ends, `host:port`; nothing is sent before the first call. Throws ContractError. */
export function createServiceClient(
  contract: ServiceContract,
  addresses: readonly string[],
  { staffToken, deadlineMs: usualMs = DEADLINE_MS, tlsCas }: ServiceClientOptions = {},
): ServiceClient {
  const [bound] = bindContracts([contract]);
  assert(bound !== undefined, 'one contract was bound');
  const caller = new FailoverCaller(addresses, tlsCas, (...of) => new Client(...of));
  const staff = bearerMetadata(staffToken);
  const anyone = bearerMetadata(undefined);
  const methods = new Map(
    contract.methods.map((method): [string, Bound] => [
      method.name,
      {
        contract: method,
        path: `/${contract.fullName}/${method.name}`,
        ...present(bound.messagesOf(method.name), 'a bound contract has the messages of its methods'),
      },
    ]),
  );

  const metadataOf = ({ contract: { access } }: Bound): Metadata => (access === 'staff' ? staff : anyone);

  function once(method: Bound, request: WireMessage, deadlineMs: number): Promise<WireMessage> {
    const { path, request: sent, response } = method;
    const readResponse = readerOf(response);
    return caller.call<WireMessage>(
      (client, options, done) =>
        client.makeUnaryRequest(path, sent.write, readResponse, request, metadataOf(method), options, done),
      deadlineMs,
      method.contract.kind === 'write',
    );
  }

  async function write(method: Bound, request: WireMessage, deadlineMs: number): Promise<WireMessage> {
    let unknown: CallRefusedError | undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(method, request, deadlineMs);
      } catch (error) {
        if (!(error instanceof CallRefusedError)) throw error;
        const { reason } = error.refusal;
        if (statusRow(reason).retry !== 'sameId' || TOLD_AT_ONCE.has(reason)) throw error;
        if (reason === 'OUTCOME_UNKNOWN') unknown = error;
        // Whoever could not have it done now does not know what became of the attempts before.
        if (attempt === ATTEMPTS_MAX) throw unknown ?? error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  function methodOf(name: string, isStream: boolean): Bound {
    const method = present(methods.get(name), `${contract.fullName} has the method ${name}`);
    assert((method.contract.kind === 'stream') === isStream, `${name} is ${isStream ? 'a' : 'no'} stream`);
    return method;
  }

  async function* messages(
    method: Bound,
    first: WireMessage,
    signal: AbortSignal,
    { resume }: ServiceStreamOptions,
  ): AsyncGenerator<WireMessage, void, undefined> {
    let request = first;
    let isBegun = false;
    let waitMs: number = REOPEN_MS.first;
    for (let inVain = 0; !signal.aborted;) {
      const { client, index } = caller.streamClient();
      const { path, request: sent, response } = method;
      const stream = client.makeServerStreamRequest(path, sent.write, readerOf(response), request, metadataOf(method));
      stream.on('metadata', () => {
        inVain = 0;
        waitMs = REOPEN_MS.first;
      });
      const cancel = (): void => stream.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        for await (const message of stream as ClientReadableStream<WireMessage>) {
          yield message as WireMessage;
          isBegun = true;
          if (resume !== undefined) request = wired(resume(message as WireMessage));
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        // Nobody can be reached at all, twice over: the caller is better told than kept waiting.
        const isHopeless = ++inVain > 2 * caller.count && !isBegun;
        if (!isBroken(error) || isHopeless || (isBegun && resume === undefined)) throw told(error);
        caller.passOver(index);
      } finally {
        signal.removeEventListener('abort', cancel);
        stream.cancel();
      }
      await rest(waitMs, signal);
      waitMs = Math.min(waitMs * 2, REOPEN_MS.max);
    }
  }

  return {
    async call<Response extends object>(
      name: string,
      request: WireMessage,
      { deadlineMs = usualMs }: { readonly deadlineMs?: number } = {},
    ) {
      const method = methodOf(name, false);
      const answer =
        method.contract.kind === 'write'
          ? await write(method, { ...wired(request), request_id: request['request_id'] ?? uuidV7() }, deadlineMs)
          : await once(method, wired(request), deadlineMs);
      return answer as Response;
    },
    stream: <Response extends object>(
      name: string,
      request: WireMessage,
      signal: AbortSignal,
      options: ServiceStreamOptions = {},
    ) => messages(methodOf(name, true), wired(request), signal, options) as AsyncIterable<Response>,
    close: () => caller.close(),
  };
}

/** A request with its consistency as the proto spells it. */
function wired(request: WireMessage): WireMessage {
  const consistency = WIRE_CONSISTENCY[request['consistency'] as ConsistencyName] as string | undefined;
  return consistency === undefined ? request : { ...request, consistency };
}

/** Reads a response; gRPC makes of what it throws the end of the call. */
function readerOf({ name, read }: CheckedMessage): (bytes: Buffer) => WireMessage {
  return (bytes) => {
    const message = read(bytes);
    if (typeof message === 'string') throw new Error(`the answer is no valid ${name}: ${message}`);
    return message;
  };
}

function told(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? callRefusedError(error as ServiceError) : error;
}

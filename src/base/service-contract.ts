import type { Refusal } from './refusal.js';

/*
 * What travels between callers and a service, as data: src/net makes gRPC of it, the front end routes it, and neither knows the
 * service. A contract belongs into the service's folder, beside its proto file's messages, and imports no gRPC.
 *
 * Conventions of the proto file, which src/net relies on (it refuses to start with one that breaks them):
 * - request of a write: `string request_id` (UUIDv7) and, if callers may choose, `string write_concern` ("1" … "N", "majority",
 *   "all"; empty: the cluster's). Response: `justhungry.v1.Receipt receipt`.
 * - request of a read: `justhungry.v1.Consistency consistency`, `uint64 min_op`, `string replica` (id of the replica that shall
 *   answer from what it holds, "primary", or empty: whoever is best; with one named the default consistency is `any`, with a `min_op` `session`). Response:
 *   `justhungry.v1.AsOf as_of`.
 * These fields are read and filled by src/net; a contract sees and gives all others.
 */

/**
 * A message as it is decoded: field names as in the proto file, absent messages null, absent `optional` fields undefined, lists
 * and strings empty where not set, 64-bit numbers as numbers, bytes as Buffer, enums as their names.
 */
export type WireMessage = Readonly<Record<string, unknown>>;

/** What a contract makes of a request: what its service is asked, or why it is not. */
export type Decoded =
  { readonly kind: 'asked'; readonly body: unknown } | { readonly kind: 'refused'; readonly refusal: Refusal };

interface UnaryContract {
  /** As in the proto file, `Append`; messages are `AppendRequest` and `AppendResponse` of the same package. */
  readonly name: string;
  /** `staff` calls need the staff token. */
  readonly access: 'customer' | 'staff';
  /** The gate: behind it the service takes what it is asked as valid. */
  decode(request: WireMessage): Decoded;
  /** The response to a body that the service answered, without `receipt` and `as_of`. */
  respond(body: unknown): WireMessage;
}

/** A request that is executed at the primary and replicated. */
export interface WriteContract extends UnaryContract {
  readonly kind: 'write';
}

/** A query of committed state. */
export interface ReadContract extends UnaryContract {
  readonly kind: 'read';
}

/** A response stream, made of the pages of a read: it goes on at another replica where one fails. */
export interface StreamContract {
  readonly kind: 'stream';
  /** As in the proto file; its request is `<name>Request`, what it streams `<name>Response`. */
  readonly name: string;
  readonly access: 'customer' | 'staff';
  /** Name of the read that answers a page. */
  readonly page: string;
  /** The request of the first page; src/net passes `consistency`, `min_op` and `replica` of the stream's request on. */
  first(
    request: WireMessage,
  ): { readonly kind: 'page'; readonly request: WireMessage } | (Decoded & { kind: 'refused' });
  /** What is streamed of a page, and the request of the next one. */
  next(page: WireMessage, request: WireMessage): StreamStep;
}

/** What follows from one page of a stream. */
export interface StreamStep {
  readonly messages: readonly WireMessage[];
  /** Absent: the stream ends. */
  readonly following?: {
    readonly request: WireMessage;
    /** Whether the page held everything there is: the next one is answered when the replica has applied more. */
    readonly isCaughtUp: boolean;
  };
}

export type MethodContract = WriteContract | ReadContract | StreamContract;

/** A service as its callers see it. */
export interface ServiceContract {
  /** Name of the service in the journal, such as `log`. */
  readonly service: string;
  /** Below `proto/`, such as `justhungry/log/v1/log.proto`. */
  readonly protoFile: string;
  /** Full name in the proto file, such as `justhungry.log.v1.MessageLog`. */
  readonly fullName: string;
  readonly methods: readonly MethodContract[];
}

/** Makes a write of its typed parts. `Request`: the decoded message, `Body`: what the service is asked, `Answer`: what it answers. */
export const writeMethod = <Request extends object, Body, Answer>(
  parts: UnaryParts<Request, Body, Answer>,
): WriteContract => ({ ...untyped(parts), kind: 'write' });

/** Makes a read, as `writeMethod` does. */
export const readMethod = <Request extends object, Body, Answer>(
  parts: UnaryParts<Request, Body, Answer>,
): ReadContract => ({ ...untyped(parts), kind: 'read' });

/** What a unary method is made of. */
export interface UnaryParts<Request, Body, Answer> {
  readonly name: string;
  readonly access: 'customer' | 'staff';
  decode(
    this: void,
    request: Request,
  ): { readonly kind: 'asked'; readonly body: Body } | (Decoded & { kind: 'refused' });
  respond(this: void, answer: Answer): WireMessage;
}

/** src/net decodes `Request` of the proto file, and the service answers each body with its own kind of answer. */
const untyped = <Request extends object, Body, Answer>({
  name,
  access,
  decode,
  respond,
}: UnaryParts<Request, Body, Answer>): UnaryContract => ({
  name,
  access,
  decode: (request) => decode(request as Request),
  respond: (body) => respond(body as Answer),
});

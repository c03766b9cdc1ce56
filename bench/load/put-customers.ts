import type { ServiceError } from '@grpc/grpc-js';
import { v7 as uuidV7 } from 'uuid';
import { TupleSpace } from '../contract.js';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';

const { path, requestSerialize, responseDeserialize } = TupleSpace.service.Put;

const UUID_LENGTH = 36;
/** Hexadecimal digits of a UUID, the second element of a key. */
const HEX_LENGTH = 32;
/** About what an order says. */
const VALUE = ['pending', 'x'.repeat(60)];

/** Callers who put one pair at a time, always with a new key: plain unary calls, each waiting for its answer. */
export const connect: Connect = async (load) => {
  const { customers, writeConcern } = load;
  const connections = new Connections(TupleSpace, load);
  const templates = Array.from({ length: customers }, (_, index) => putTemplate(index, writeConcern));
  const isRead = readTurn();
  let acknowledged = 0;
  return {
    call(index, done) {
      const bytes = (templates[index] ?? putTemplate(index))();
      connections
        .of(index)
        .makeUnaryRequest(path, asIs, asIs, bytes, (error: ServiceError | null, response?: Buffer) => {
          const problem = error?.message ?? (isRead() ? problemOf(response) : undefined);
          if (problem === undefined) acknowledged++;
          done(problem);
        });
    },
    acknowledged: () => acknowledged,
    close: async () => connections.close(),
  };
};

/** Makes the puts of one caller as the bytes they travel as, each with an id and a key of its own, as the orders are made. */
function putTemplate(caller: number, writeConcern?: string): () => Buffer {
  const id = uuidV7();
  const key = id.replaceAll('-', '');
  const template = requestSerialize({
    request_id: id,
    pairs: [{ key: { elements: [`caller${caller}`, key] }, value: { elements: VALUE } }],
    ...(writeConcern === undefined ? {} : { write_concern: writeConcern }),
  });
  const idAt = template.indexOf(id, 0, 'latin1');
  const keyAt = template.indexOf(key, 0, 'latin1');
  return () => {
    const bytes = Buffer.from(template);
    const next = uuidV7();
    bytes.write(next, idAt, UUID_LENGTH, 'latin1');
    bytes.write(next.replaceAll('-', ''), keyAt, HEX_LENGTH, 'latin1');
    return bytes;
  };
}

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  const { added, receipt } = responseDeserialize(response);
  return added === 1 && receipt?.committed === true ? undefined : 'not added, or not committed';
}

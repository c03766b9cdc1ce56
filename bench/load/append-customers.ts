import type { ServiceError } from '@grpc/grpc-js';
import { v7 as uuidV7 } from 'uuid';
import { MessageLog } from '../contract.js';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';

const { path, requestSerialize, responseDeserialize } = MessageLog.service.Append;

/** Bytes of a message: about what an order says. */
const VALUE_BYTES = 100;
const UUID_LENGTH = 36;

/** Callers who append: plain unary calls, each waiting for its answer. */
export const connect: Connect = async (load) => {
  const { customers, writeConcern } = load;
  const connections = new Connections(MessageLog, load);
  const templates = Array.from({ length: customers }, (_, index) => appendTemplate(index, writeConcern));
  const isRead = readTurn();
  let acknowledged = 0;
  return {
    call(index, done) {
      const bytes = (templates[index] ?? appendTemplate(index))();
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

/** Makes the messages of one caller as the bytes they travel as, each with an id of its own, as the orders are made. */
function appendTemplate(caller: number, writeConcern?: string): () => Buffer {
  const id = uuidV7();
  const value = `message of caller ${caller} `.padEnd(VALUE_BYTES, '.');
  const template = requestSerialize({
    request_id: id,
    value,
    ...(writeConcern === undefined ? {} : { write_concern: writeConcern }),
  });
  const idAt = template.indexOf(id, 0, 'latin1');
  return () => {
    const bytes = Buffer.from(template);
    bytes.write(uuidV7(), idAt, UUID_LENGTH, 'latin1');
    return bytes;
  };
}

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  return responseDeserialize(response).receipt?.committed === true ? undefined : 'not committed';
}

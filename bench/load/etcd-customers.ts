import {
  type Client,
  loadPackageDefinition,
  type MethodDefinition,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import path from 'node:path';
import { asIs, Connections } from './connections.js';
import { type Connect, readTurn } from './customers.js';
import { orderTemplate } from './order-template.js';

interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
}
interface PutResponse {
  readonly header?: { readonly revision: number } | null;
}
interface EtcdPackage {
  readonly etcdserverpb: { readonly KV: ServiceClientConstructor };
}

const definition = loadSync(path.join(import.meta.dirname, 'etcd-kv.proto'), { longs: Number });
const { KV } = (loadPackageDefinition(definition) as unknown as EtcdPackage).etcdserverpb;
const put = KV.service['Put'] as unknown as MethodDefinition<PutRequest, PutResponse>;

const UUID_LENGTH = 36;

/** Customers who put orders into etcd: the key is the order's id, the value the bytes that just-hungry's customers send. */
export const connect: Connect = async (load) => {
  const connections = new Connections<Client>(KV, load);
  const templates = Array.from({ length: load.customers }, (_, index) => putTemplate(index));
  const isRead = readTurn();
  let acknowledged = 0;
  return {
    call(index, done) {
      const bytes = templates[index]?.() ?? Buffer.alloc(0);
      connections
        .of(index)
        .makeUnaryRequest(put.path, asIs, asIs, bytes, (error: ServiceError | null, response?: Buffer) => {
          const problem = error?.message ?? (isRead() ? problemOf(response) : undefined);
          if (problem === undefined) acknowledged++;
          done(problem);
        });
    },
    acknowledged: () => acknowledged,
    close: async () => connections.close(),
  };
};

/** Makes the puts of one customer as bytes, as order-template.ts does; the id stands in the key and in the value. */
function putTemplate(customer: number): () => Buffer {
  const makeOrder = orderTemplate(customer);
  const { id, bytes: value } = makeOrder();
  const template = put.requestSerialize({ key: Buffer.from(id), value });
  const keyAt = template.indexOf(id, 0, 'latin1');
  const valueAt = template.indexOf(value);
  return () => {
    const order = makeOrder();
    const bytes = Buffer.from(template);
    bytes.write(order.id, keyAt, UUID_LENGTH, 'latin1');
    order.bytes.copy(bytes, valueAt);
    return bytes;
  };
}

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  return (put.responseDeserialize(response).header?.revision ?? 0) > 0 ? undefined : 'no revision';
}

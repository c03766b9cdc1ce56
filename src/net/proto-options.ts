import type { Options } from '@grpc/proto-loader';

/**
 * How proto messages look as JavaScript objects, on every client and server. The flags of `npm run proto:types` say the same,
 * so the generated types describe exactly what arrives: snake_case fields as in the proto, 64-bit integers as numbers (op and
 * view stay far below 2^53), enums by name, every field without presence filled with its default, an absent `optional` field
 * left out and named by its oneof (`_stock`).
 */
export const protoOptions = {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
} as const satisfies Options;

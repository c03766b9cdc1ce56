import { crc32 } from 'node:zlib';

/** CRC-32 of these bytes: tells accidents, no more. */
export const checksumOf = (bytes: Uint8Array): number => crc32(bytes);

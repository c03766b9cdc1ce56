import { crc32 } from 'node:zlib';

/** CRC-32 of these bytes, going on from that of bytes before them: tells accidents, no more. */
export const checksumOf = (bytes: Uint8Array, before = 0): number => crc32(bytes, before);

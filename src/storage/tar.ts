/** Size of everything in a tar file: headers, and what contents are filled up to. POSIX.1-1988 ustar, pax "Interchange Format". */
export const TAR_BLOCK_BYTES = 512;

/** What ends a tar file. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK_BYTES);

const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  time: [136, 12],
  sum: [148, 8],
  type: [156, 1],
} as const;
/** Sizes from here on do not fit into 11 octal digits: they are written in binary, as GNU tar does. */
const OCTAL_SIZE_END = 8 ** 11;

/** A file in a tar file. */
export interface TarMember {
  readonly name: string;
  readonly bytes: number;
}

/** Bytes up to the next block behind a content of this length. */
export const tarPadding = (bytes: number): number => (TAR_BLOCK_BYTES - (bytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;

/** The header of a file; `name` has at most 100 ASCII characters. Only the owner may read what is taken out of it. */
export function tarHeader({ name, bytes }: TarMember, timeMs: number): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  if (block.write(name, 0, FIELDS.name[1], 'ascii') < name.length)
    throw new Error(`${name} is too long for a tar file`);
  block.write('0000600\0', FIELDS.mode[0], 'ascii');
  block.write('0000000\0', 108, 'ascii');
  block.write('0000000\0', 116, 'ascii');
  const [sizeAt, sizeBytes] = FIELDS.size;
  if (bytes < OCTAL_SIZE_END) block.write(octal(bytes, sizeBytes), sizeAt, 'ascii');
  else {
    block[sizeAt] = 0x80;
    block.writeBigUInt64BE(BigInt(bytes), sizeAt + sizeBytes - 8);
  }
  block.write(octal(Math.floor(timeMs / 1000), FIELDS.time[1]), FIELDS.time[0], 'ascii');
  block.write('0', FIELDS.type[0], 'ascii');
  block.write('ustar\x0000', 257, 'latin1');
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, FIELDS.sum[0], 'ascii');
  return block;
}

/** The file that a header announces; `end` for what ends a tar file; `undefined` when it is neither, or no plain file. */
export function readTarHeader(block: Uint8Array): TarMember | 'end' | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (bytes.length !== TAR_BLOCK_BYTES) return undefined;
  if (bytes.every((byte) => byte === 0)) return 'end';
  if (Number.parseInt(textOf(bytes, FIELDS.sum), 8) !== sumOf(bytes) || textOf(bytes, FIELDS.type) !== '0')
    return undefined;
  const [sizeAt, sizeBytes] = FIELDS.size;
  const size =
    bytes[sizeAt] === 0x80
      ? Number(bytes.readBigUInt64BE(sizeAt + sizeBytes - 8))
      : Number.parseInt(textOf(bytes, FIELDS.size), 8);
  return Number.isSafeInteger(size) && size >= 0 ? { name: textOf(bytes, FIELDS.name), bytes: size } : undefined;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

const textOf = (block: Buffer, [at, length]: readonly [number, number]): string => {
  const text = block.toString('latin1', at, at + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
};

/** The sum of all bytes, those of the sum itself taken as spaces. */
function sumOf(block: Buffer): number {
  const [at, length] = FIELDS.sum;
  let sum = length * 0x20;
  for (const [index, byte] of block.entries()) if (index < at || index >= at + length) sum += byte;
  return sum;
}

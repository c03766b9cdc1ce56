const START = [0x811c9dc5, 0x9dc5811c] as const;
const FACTOR = [0x01000193, 0x85ebca6b] as const;

/**
 * A hash over a set of pairs that follows every change: two sums, modulo 2^32, of a hash of each pair. It tells states apart that
 * came to differ by accident; what must stand against more is the chain of the log.
 */
export class StateHash {
  #first = 0;
  #second = 0;

  /** A pair came to the set. */
  add(key: string, value: string): void {
    this.#first = (this.#first + hashOf(key, value, 0)) >>> 0;
    this.#second = (this.#second + hashOf(key, value, 1)) >>> 0;
  }

  /** A pair left the set. */
  remove(key: string, value: string): void {
    this.#first = (this.#first - hashOf(key, value, 0)) >>> 0;
    this.#second = (this.#second - hashOf(key, value, 1)) >>> 0;
  }

  /** 16 hex digits. */
  get text(): string {
    return [this.#first, this.#second].map((sum) => sum.toString(16).padStart(8, '0')).join('');
  }
}

/** FNV-1a over key, line end and value, with the bits mixed at the end: sums need every bit. */
function hashOf(key: string, value: string, which: 0 | 1): number {
  let hash: number = START[which];
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), FACTOR[which]);
  hash = Math.imul(hash ^ 10, FACTOR[which]);
  for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), FACTOR[which]);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

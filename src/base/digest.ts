import { hash } from 'node:crypto';

/** Short hash of a text to tell contents apart: the first 128 bits of its SHA-256 as 32 lower-case hex digits. */
export function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}

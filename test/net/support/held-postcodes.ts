import type { PostcodeGate } from '../../../src/ports/front-end.js';
import { postcodes } from './rig.js';

/** A postcode service that says nothing until it is told to, of all postcodes or of one. */
export class HeldPostcodes implements PostcodeGate {
  readonly known = () => undefined;
  readonly #asked: (() => void)[] = [];
  constructor(readonly only?: string) {}
  get waiting(): number {
    return this.#asked.length;
  }
  readonly check: PostcodeGate['check'] = async (postCode, deadlineMs) => {
    if (this.only === undefined || this.only === postCode)
      await new Promise<void>((resolve) => this.#asked.push(resolve));
    return postcodes.check(postCode, deadlineMs);
  };
  release(): void {
    for (const resolve of this.#asked.splice(0)) resolve();
  }
}

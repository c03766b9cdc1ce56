import { view } from '../base/numbers.js';
import type { DamagedFileError } from '../base/service.js';
import type { Damage, Loaded } from '../ports/storage.js';
import type { Started } from '../vsr/event.js';

/** Damage as an error tells it. */
export const damageOf = ({ file, detail, row }: DamagedFileError): Damage =>
  row === undefined ? { file, what: detail } : { file, row, what: detail };

/** What a start found wrong. */
export const faultsOf = (loaded: Loaded): readonly Damage[] =>
  loaded.kind === 'damaged' ? loaded.damage : loaded.kind === 'intact' ? (loaded.repaired ?? []) : [];

/** What the core is told of the folder. */
export function startedOf(loaded: Loaded): Started {
  switch (loaded.kind) {
    case 'empty':
      return { kind: 'empty' };
    case 'damaged': {
      const why = loaded.damage.map(({ file, what }) => `${file}: ${what}`).join('; ');
      return { kind: 'damaged', view: loaded.durable?.view ?? view(0), why, outbox: loaded.outbox };
    }
    case 'intact': {
      const { durable, checkpoint, entries, commit, outbox } = loaded;
      const { clusterId, view: inView, logView, recovering: isRecovering } = durable;
      return { kind: 'intact', clusterId, view: inView, logView, isRecovering, checkpoint, entries, commit, outbox };
    }
  }
}

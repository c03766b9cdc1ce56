import { refusal, type Refusal } from '../../base/refusal.js';
import type { UpdateRecord } from './requests.js';

const SHOWN_MAX = 20;

/**
 * Why an update may not be done by who is no staff: it names fields that the configuration does not list. Judged at the gate, of front
 * end and replica: the list is no replicated state, and what an entry holds is applied whatever the list says by then.
 */
export function notUpdatable({ fields }: UpdateRecord, updatable: ReadonlySet<string>): Refusal | undefined {
  const others = fields.map(([key]) => key).filter((key) => !updatable.has(key));
  if (others.length === 0) return undefined;
  const message =
    `${listed(others)} cannot be updated; allowed: ${listed([...updatable])}. ` +
    'Nothing was changed: leave it out, or ask the staff to import it.';
  return refusal('FIELD_NOT_UPDATABLE', message, {
    fields: others.join(','),
    updatable: [...updatable].join(','),
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(', ');
  return names.length > SHOWN_MAX ? `${shown} and ${names.length - SHOWN_MAX} more` : shown;
}

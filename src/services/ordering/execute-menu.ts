import { refusal } from '../../base/refusal.js';
import type { Execution, ExecutionContext } from '../../base/service.js';
import { contentOf } from './content.js';
import { refusedEntry } from './executions.js';
import type { PresentState } from './present-state.js';
import type { SetMenu, SetMotd } from './requests.js';
import { encodeUpdate } from './updates.js';

/** Replaces the menu with its stock as given. Refused with MENU_VERSION_CHANGED when another version was expected. */
export function executeSetMenu(
  state: PresentState,
  requestId: string,
  request: SetMenu,
  context: ExecutionContext,
): Execution {
  const refused = state.committed.requests.refusalOf(requestId, context.timeMs);
  if (refused !== undefined) return { kind: 'refused', refusal: refused };
  const content = contentOf(request);
  if (request.expectedVersion !== undefined && request.expectedVersion !== state.menuVersion) {
    const message = `The menu has version ${state.menuVersion}, not ${request.expectedVersion}: somebody else changed it. Read it again and send your change with a new request_id.`;
    const details = { menu_version: String(state.menuVersion) };
    return refusedEntry(refusal('MENU_VERSION_CHANGED', message, details), content);
  }
  const version = state.menuVersion + 1;
  const update = encodeUpdate({ kind: 'menu', version, items: request.items, content });
  return { kind: 'entry', update, reply: { kind: 'done', body: { menuVersion: version } } };
}

/** Replaces the message of the day. */
export function executeSetMotd(
  state: PresentState,
  requestId: string,
  request: SetMotd,
  context: ExecutionContext,
): Execution {
  const refused = state.committed.requests.refusalOf(requestId, context.timeMs);
  if (refused !== undefined) return { kind: 'refused', refusal: refused };
  const version = state.motdVersion + 1;
  const update = encodeUpdate({ kind: 'motd', version, motd: request.motd, content: contentOf(request) });
  return { kind: 'entry', update, reply: { kind: 'done', body: { motdVersion: version } } };
}

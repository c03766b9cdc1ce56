import { assertNever } from '../base/assert.js';
import type { GetState, Message } from '../vsr/message.js';
import { entriesOf, rowsOf, suffixOf, wireSuffix } from './entry-codec.js';
import type { CheckpointOffered__Output } from './generated/justhungry/v1/CheckpointOffered.js';
import type { GetState__Output } from './generated/justhungry/v1/GetState.js';
import type { NewState__Output } from './generated/justhungry/v1/NewState.js';
import type { PeerMessage, PeerMessage__Output } from './generated/justhungry/v1/PeerMessage.js';
import {
  chainOf,
  fileNameOf,
  jsonObjectOf,
  MalformedError,
  meaningOf,
  naturalOf,
  opOf,
  partOf,
  sha256Of,
  viewOf,
} from './wire-values.js';

const PURPOSES = { normal: 'PURPOSE_NORMAL', doViewChange: 'PURPOSE_DO_VIEW_CHANGE', data: 'PURPOSE_DATA' } as const;
const purposeByName = new Map<unknown, GetState['purpose']>(
  Object.entries(PURPOSES).map(([purpose, name]) => [name, purpose as GetState['purpose']]),
);

/** A message as the wire carries it. */
export function wireMessage(message: Message): PeerMessage {
  switch (message.kind) {
    case 'prepare': {
      const { view, start, commit, entries } = message;
      return { prepare: { view, start, commit, rows: rowsOf(entries) } };
    }
    case 'prepareOk':
      return { prepare_ok: { view: message.view, op: message.op, chain: message.chain } };
    case 'heartbeat': {
      const { view, start, commit, commitChain, op, round } = message;
      return { heartbeat: { view, start, commit, commit_chain: commitChain, op, round } };
    }
    case 'heartbeatOk': {
      const { view, round, op, chain } = message;
      return { heartbeat_ok: { view, round, op, chain } };
    }
    case 'alive':
      return { alive: { view: message.view } };
    case 'startViewChange':
      return { start_view_change: { view: message.view } };
    case 'doViewChange': {
      const { view, logView, op, commit, chain, suffix } = message;
      return { do_view_change: { view, log_view: logView, op, commit, chain, suffix: wireSuffix(suffix) } };
    }
    case 'startView': {
      const { view, start, commit, suffix } = message;
      return { start_view: { view, start, commit, suffix: wireSuffix(suffix) } };
    }
    case 'getState': {
      const { view, purpose, after, afterChain, nonce } = message;
      return { get_state: { view, purpose: PURPOSES[purpose], after, after_chain: afterChain, nonce } };
    }
    case 'newState': {
      const { view, logView, start, commit, op, suffix, nonce, isFounded } = message;
      const shared = { view, start, commit, op, nonce };
      return { new_state: { ...shared, log_view: logView, suffix: wireSuffix(suffix), is_founded: isFounded } };
    }
    case 'checkpointOffered': {
      const { view, logView, nonce, offer } = message;
      const { base, snapshots } = offer.head;
      const place = { op: base.op, chain: base.chain, time_ms: base.timeMs };
      const files = offer.files.map((file) => ({ ...file }));
      return { checkpoint_offered: { view, log_view: logView, nonce, ...place, snapshots: { ...snapshots }, files } };
    }
    case 'getChunk': {
      const { checkpoint, file, offset, nonce } = message;
      return { get_chunk: { checkpoint, file, offset, nonce } };
    }
    case 'chunk': {
      const { checkpoint, file, offset, bytes, isGone, nonce } = message;
      const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return { chunk: { checkpoint, file, offset, content, is_gone: isGone, nonce } };
    }
    case 'recovery':
      return { recovery: { nonce: message.nonce } };
    case 'recoveryResponse':
      return { recovery_response: { nonce: message.nonce, view: message.view } };
    case 'wantReplica':
      return { want_replica: { above: message.above, op: message.op } };
    case 'claimed':
      return { claimed: { view: message.view, log_view: message.logView, op: message.op } };
    case 'differs':
      return {
        differs: { view: message.view, op: message.op, chain: message.chain, of_majority: message.ofMajority === true },
      };
    case 'report':
      return { report: { nonce: message.nonce } };
    case 'reportResponse': {
      const { nonce, isEmpty, isFounded } = message;
      return { report_response: { nonce, is_empty: isEmpty, is_founded: isFounded } };
    }
    case 'submitOutbox':
      return { submit_outbox: { view: message.view, items: [...message.items] } };
    default:
      return assertNever(message);
  }
}

/** The message of what the wire carried, everything in it checked. Throws MalformedError. */
export function messageOf(wire: PeerMessage__Output): Message {
  switch (wire.message) {
    case 'prepare': {
      const { view, start, commit, rows } = partOf(wire.prepare, 'prepare');
      if (rows.length === 0) throw new MalformedError('a prepare holds no entry');
      const entries = entriesOf(rows, undefined);
      return { kind: 'prepare', view: viewOf(view), start: opOf(start), commit: opOf(commit), entries };
    }
    case 'prepare_ok': {
      const { view, op, chain } = partOf(wire.prepare_ok, 'prepare_ok');
      return { kind: 'prepareOk', view: viewOf(view), op: opOf(op), chain: chainOf(chain) };
    }
    case 'heartbeat': {
      const { view, start, commit, commit_chain, op, round } = partOf(wire.heartbeat, 'heartbeat');
      const common = { view: viewOf(view), start: opOf(start), commit: opOf(commit), op: opOf(op) };
      return { kind: 'heartbeat', ...common, commitChain: chainOf(commit_chain), round: naturalOf(round, 'round') };
    }
    case 'heartbeat_ok': {
      const { view, round, op, chain } = partOf(wire.heartbeat_ok, 'heartbeat_ok');
      const common = { view: viewOf(view), round: naturalOf(round, 'round'), op: opOf(op) };
      return { kind: 'heartbeatOk', ...common, chain: chainOf(chain) };
    }
    case 'alive':
      return { kind: 'alive', view: viewOf(partOf(wire.alive, 'alive').view) };
    case 'start_view_change':
      return { kind: 'startViewChange', view: viewOf(partOf(wire.start_view_change, 'start_view_change').view) };
    case 'do_view_change': {
      const { view, log_view, op, commit, chain, suffix } = partOf(wire.do_view_change, 'do_view_change');
      const common = { view: viewOf(view), logView: viewOf(log_view), op: opOf(op), commit: opOf(commit) };
      return { kind: 'doViewChange', ...common, chain: chainOf(chain), suffix: suffixOf(suffix) };
    }
    case 'start_view': {
      const { view, start, commit, suffix } = partOf(wire.start_view, 'start_view');
      const common = { view: viewOf(view), start: opOf(start), commit: opOf(commit) };
      return { kind: 'startView', ...common, suffix: suffixOf(suffix) };
    }
    case 'get_state':
      return getStateOf(partOf(wire.get_state, 'get_state'));
    case 'new_state':
      return newStateOf(partOf(wire.new_state, 'new_state'));
    case 'checkpoint_offered':
      return checkpointOfferedOf(partOf(wire.checkpoint_offered, 'checkpoint_offered'));
    case 'get_chunk': {
      const { checkpoint, file, offset, nonce } = partOf(wire.get_chunk, 'get_chunk');
      const place = { checkpoint: opOf(checkpoint), file: fileNameOf(file), offset: naturalOf(offset, 'offset') };
      return { kind: 'getChunk', ...place, nonce: naturalOf(nonce, 'nonce') };
    }
    case 'chunk': {
      const { checkpoint, file, offset, content, is_gone, nonce } = partOf(wire.chunk, 'chunk');
      const place = { checkpoint: opOf(checkpoint), file: fileNameOf(file), offset: naturalOf(offset, 'offset') };
      // Copied: a view would keep the whole batch in memory.
      return {
        kind: 'chunk',
        ...place,
        bytes: Uint8Array.from(content),
        isGone: is_gone,
        nonce: naturalOf(nonce, 'nonce'),
      };
    }
    case 'recovery':
      return { kind: 'recovery', nonce: naturalOf(partOf(wire.recovery, 'recovery').nonce, 'nonce') };
    case 'recovery_response': {
      const { nonce, view } = partOf(wire.recovery_response, 'recovery_response');
      return { kind: 'recoveryResponse', nonce: naturalOf(nonce, 'nonce'), view: viewOf(view) };
    }
    case 'want_replica': {
      const { above, op } = partOf(wire.want_replica, 'want_replica');
      return { kind: 'wantReplica', above: viewOf(above), op: opOf(op) };
    }
    case 'claimed': {
      const { view, log_view, op } = partOf(wire.claimed, 'claimed');
      return { kind: 'claimed', view: viewOf(view), logView: viewOf(log_view), op: opOf(op) };
    }
    case 'differs': {
      const { view, op, chain, of_majority } = partOf(wire.differs, 'differs');
      const told = { view: viewOf(view), op: opOf(op), chain: chainOf(chain) };
      return { kind: 'differs', ...told, ...(of_majority ? { ofMajority: true } : {}) };
    }
    case 'report':
      return { kind: 'report', nonce: naturalOf(partOf(wire.report, 'report').nonce, 'nonce') };
    case 'report_response': {
      const { nonce, is_empty, is_founded } = partOf(wire.report_response, 'report_response');
      return { kind: 'reportResponse', nonce: naturalOf(nonce, 'nonce'), isEmpty: is_empty, isFounded: is_founded };
    }
    case 'submit_outbox': {
      const { view, items } = partOf(wire.submit_outbox, 'submit_outbox');
      for (const item of items) checkOutboxItem(item);
      return { kind: 'submitOutbox', view: viewOf(view), items };
    }
    case undefined:
      throw new MalformedError('a message of an unknown kind');
    default:
      return assertNever(wire.message);
  }
}

function getStateOf(wire: GetState__Output): Message {
  const purpose = meaningOf(purposeByName, wire.purpose, 'purpose');
  const common = { view: viewOf(wire.view), purpose, after: opOf(wire.after), afterChain: chainOf(wire.after_chain) };
  return { kind: 'getState', ...common, nonce: naturalOf(wire.nonce, 'nonce') };
}

function newStateOf(wire: NewState__Output): Message {
  return {
    kind: 'newState',
    view: viewOf(wire.view),
    logView: viewOf(wire.log_view),
    start: opOf(wire.start),
    commit: opOf(wire.commit),
    op: opOf(wire.op),
    suffix: suffixOf(wire.suffix),
    nonce: naturalOf(wire.nonce, 'nonce'),
    isFounded: wire.is_founded,
  };
}

function checkpointOfferedOf(wire: CheckpointOffered__Output): Message {
  const base = { op: opOf(wire.op), chain: chainOf(wire.chain), timeMs: naturalOf(wire.time_ms, 'time') };
  const files = wire.files.map(({ name, length, hash, grows }) => ({
    name: fileNameOf(name),
    length: naturalOf(length, 'length'),
    hash: sha256Of(hash),
    grows,
  }));
  return {
    kind: 'checkpointOffered',
    view: viewOf(wire.view),
    logView: viewOf(wire.log_view),
    nonce: naturalOf(wire.nonce, 'nonce'),
    offer: { head: { base, snapshots: wire.snapshots }, files },
  };
}

/** The shape of an OutboxItem: the core executes it without another look. */
function checkOutboxItem(text: string): void {
  const { requestId, service, update, timeMs, view, op } = jsonObjectOf(text, 'outbox item');
  const texts = [requestId, service, update].every((value) => typeof value === 'string');
  const numbers = [timeMs, view, op].every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (!texts || !numbers) throw new MalformedError('an outbox item lacks a field');
}

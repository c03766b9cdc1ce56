import type { ChaosDeed, ChaosFault } from '../ports/chaos.js';
import type { Fault, Fault__Output } from './generated/justhungry/v1/Fault.js';

const MS_MAX = 600_000;

/** A fault as a proto message. */
export function wireFault(fault: ChaosFault | ChaosDeed): Fault {
  switch (fault.kind) {
    case 'kill':
      return { kind: 'FAULT_KIND_KILL' };
    case 'pause':
      return { kind: 'FAULT_KIND_PAUSE', ms: fault.ms };
    case 'delayNext':
      return { kind: 'FAULT_KIND_DELAY_NEXT', ms: fault.ms };
    case 'delay':
      return { kind: 'FAULT_KIND_DELAY', ms: fault.ms };
    case 'drop':
      return { kind: 'FAULT_KIND_DROP', rate: fault.rate };
    case 'errors':
      return { kind: 'FAULT_KIND_ERRORS', rate: fault.rate };
    case 'cut':
      return { kind: 'FAULT_KIND_CUT', peer_id: fault.peer, one_way: fault.isOneWay };
    case 'diskFull':
      return { kind: 'FAULT_KIND_DISK_FULL' };
    case 'slowDisk':
      return { kind: 'FAULT_KIND_SLOW_DISK', ms: fault.ms };
  }
}

/** The fault of a proto message, or what is wrong with it, for people. */
export function faultOfWire(wire: Fault__Output | null): ChaosFault | ChaosDeed | { readonly problem: string } {
  if (wire === null) return { problem: 'fault is missing.' };
  const { kind, ms, rate, peer_id: peer, one_way: isOneWay } = wire;
  const timed = <K extends string>(of: K) =>
    ms >= 1 && ms <= MS_MAX
      ? { kind: of, ms }
      : { problem: `fault.ms is ${ms}; allowed: a whole number from 1 to ${MS_MAX}.` };
  const shared = <K extends string>(of: K) =>
    rate > 0 && rate <= 1
      ? { kind: of, rate }
      : { problem: `fault.rate is ${rate}; allowed: a share above 0 and up to 1.` };
  switch (kind) {
    case 'FAULT_KIND_KILL':
      return { kind: 'kill' };
    case 'FAULT_KIND_PAUSE':
      return timed('pause');
    case 'FAULT_KIND_DELAY_NEXT':
      return timed('delayNext');
    case 'FAULT_KIND_DELAY':
      return timed('delay');
    case 'FAULT_KIND_DROP':
      return shared('drop');
    case 'FAULT_KIND_ERRORS':
      return shared('errors');
    case 'FAULT_KIND_CUT':
      return { kind: 'cut', peer, isOneWay };
    case 'FAULT_KIND_DISK_FULL':
      return { kind: 'diskFull' };
    case 'FAULT_KIND_SLOW_DISK':
      return timed('slowDisk');
    default:
      return { problem: `fault.kind is ${String(kind)}; this replica does not know it.` };
  }
}

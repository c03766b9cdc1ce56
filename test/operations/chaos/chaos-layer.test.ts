import { expect } from 'chai';
import { op, replicaIndex, view } from '../../../src/base/numbers.js';
import { createChaosLayer, type ChaosLayer } from '../../../src/operations/chaos/chaos-layer.js';
import type { Timers } from '../../../src/ports/machine.js';
import type { IncomingCall, ReplicaCalls } from '../../../src/ports/calls.js';
import type { ChaosFault } from '../../../src/ports/chaos.js';
import type { Outcome } from '../../../src/vsr/effect.js';
import type { Message } from '../../../src/vsr/message.js';
import { SimulatedFileSystem } from '../../support/simulated-file-system.js';

const PEER = replicaIndex(1);
const OTHER = replicaIndex(2);

const prepare = (at: number): Message => ({
  kind: 'prepare',
  view: view(0),
  start: op(at),
  commit: op(0),
  entries: [],
});
const alive: Message = { kind: 'alive', view: view(0) };

describe('chaos layer', () => {
  let due: { readonly ms: number; readonly run: () => void }[];
  let draws: number[];
  let sent: [number, Message][];
  let heard: [number, Message][];
  let killed: number;

  beforeEach(() => {
    due = [];
    draws = [];
    sent = [];
    heard = [];
    killed = 0;
  });

  const layerOf = (pause?: (ms: number) => void): ChaosLayer => {
    const timers: Timers = {
      after: (ms, run) => {
        due.push({ ms, run });
        return () => undefined;
      },
      every: () => () => undefined,
    };
    return createChaosLayer({
      self: replicaIndex(0),
      replicaIds: ['replica-1', 'replica-2', 'replica-3'],
      timers,
      chance: () => draws.shift() ?? 0.999,
      kill: () => killed++,
      pause,
    });
  };
  const ways = (layer: ChaosLayer) => ({
    transport: layer.transport({
      send: (to, message) => void sent.push([to, message]),
      close: () => Promise.resolve(),
    }),
    events: layer.events({
      onEnvelope: ({ from, message }) => void heard.push([from, message]),
      onRefused: () => undefined,
    }),
  });
  const envelope = (from: typeof PEER, message: Message) => ({ from, clusterId: 'c', message });

  it('no fault: everything passes at once', () => {
    const layer = layerOf();
    const { transport, events } = ways(layer);
    transport.send(PEER, alive);
    events.onEnvelope(envelope(PEER, prepare(1)));
    expect([sent.length, heard.length, due.length]).to.deep.equal([1, 1, 0]);
  });

  it('delayNext: the next replication message is late, every other message and the second one are not (S001-20)', () => {
    const layer = layerOf();
    const { events } = ways(layer);
    expect(layer.control.inject({ kind: 'delayNext', ms: 30_000 })).to.equal(undefined);
    events.onEnvelope(envelope(PEER, alive));
    events.onEnvelope(envelope(PEER, prepare(1)));
    events.onEnvelope(envelope(PEER, prepare(2)));
    expect(heard.map(([, message]) => message)).to.deep.equal([alive, prepare(2)]);
    expect(due.map(({ ms }) => ms)).to.deep.equal([30_000]);
    expect(layer.control.list()).to.deep.equal([]);
    due[0]?.run();
    expect(heard.at(-1)?.[1]).to.deep.equal(prepare(1));
  });

  it('cut: nothing goes to that peer, and nothing comes from it unless one way', () => {
    const layer = layerOf();
    const { transport, events } = ways(layer);
    layer.control.inject({ kind: 'cut', peer: 'replica-2', isOneWay: true });
    transport.send(PEER, alive);
    transport.send(OTHER, alive);
    events.onEnvelope(envelope(PEER, alive));
    expect(sent.map(([to]) => to)).to.deep.equal([OTHER]);
    expect(heard).to.have.length(1);
    layer.control.inject({ kind: 'cut', peer: 'replica-2', isOneWay: false });
    events.onEnvelope(envelope(PEER, alive));
    events.onEnvelope(envelope(OTHER, alive));
    expect(heard.map(([from]) => from)).to.deep.equal([PEER, OTHER]);
    layer.control.clear();
    transport.send(PEER, alive);
    expect(sent).to.have.length(2);
  });

  it('cut: of itself or of a stranger is refused, with what is allowed', () => {
    const refused = layerOf().control.inject({ kind: 'cut', peer: 'replica-1', isOneWay: false });
    expect(refused).to.include({ reason: 'INVALID_FIELD' });
    expect(refused?.message).to.match(/replica-2, replica-3/);
  });

  it('drop: the share that chance says is lost', () => {
    const layer = layerOf();
    const { transport } = ways(layer);
    layer.control.inject({ kind: 'drop', rate: 0.5 });
    draws = [0.4, 0.6];
    transport.send(PEER, prepare(1));
    transport.send(PEER, prepare(2));
    expect(sent.map(([, message]) => message)).to.deep.equal([prepare(2)]);
  });

  it('errors: a call fails before or after it was done, at once or by silence', () => {
    const layer = layerOf();
    const outcomes: (Outcome['kind'] | 'silent')[] = [];
    const submitted: number[] = [];
    const done: Outcome = { kind: 'dropped' };
    const calls = layer.calls({
      submit(batch: readonly IncomingCall[]) {
        submitted.push(batch.length);
        for (const call of batch)
          call.done({ kind: 'read', answer: { body: undefined }, asOf: undefined } as unknown as typeof done);
      },
    } as unknown as ReplicaCalls);
    layer.control.inject({ kind: 'errors', rate: 0.5 });
    const ask = (...chance: number[]): void => {
      draws = chance;
      const before = outcomes.length;
      calls.submit([{ kind: 'read', done: ({ kind }: Outcome) => outcomes.push(kind) } as unknown as IncomingCall]);
      if (outcomes.length === before) outcomes.push('silent');
    };
    ask(0.9);
    ask(0.1, 0.1);
    ask(0.1, 0.3);
    ask(0.1, 0.6);
    ask(0.1, 0.9);
    expect(outcomes).to.deep.equal(['read', 'refused', 'silent', 'dropped', 'silent']);
    expect(submitted, 'the last two were done, their answers lost').to.deep.equal([1, 1, 1]);
  });

  it('disk full: files keep their content and their length, and there is no room', async () => {
    const layer = layerOf();
    const inner = new SimulatedFileSystem();
    inner.makeFolder('/r');
    const system = layer.fileSystem(inner);
    const file = system.open('/r/a', true);
    file.write(0, Buffer.from('abc'));
    layer.control.inject({ kind: 'diskFull' });
    expect(system.freeBytes('/r')).to.equal(0);
    expect(() => file.write(3, Buffer.from('d')))
      .to.throw(/ENOSPC/)
      .with.property('code', 'ENOSPC');
    file.write(0, Buffer.from('xyz'));
    expect(Buffer.from(system.readFile('/r/a')).toString()).to.equal('xyz');
    layer.control.clear();
    await file.writeAsync(3, Buffer.from('d'));
    expect(file.stat().bytes).to.equal(4);
  });

  it('slow disk: an fsync waits for its time', async () => {
    const layer = layerOf();
    const inner = new SimulatedFileSystem();
    inner.makeFolder('/r');
    const file = layer.fileSystem(inner).open('/r/a', true);
    layer.control.inject({ kind: 'slowDisk', ms: 300 });
    let isDone = false;
    const synced = file.sync().then(() => (isDone = true));
    await Promise.resolve();
    expect(isDone).to.equal(false);
    expect(due.map(({ ms }) => ms)).to.deep.equal([300]);
    due[0]?.run();
    await synced;
  });

  it('deeds: kill comes after the answer; pause needs a supervisor', () => {
    const paused: number[] = [];
    const layer = layerOf((ms) => paused.push(ms));
    layer.control.perform({ kind: 'kill' });
    expect(killed).to.equal(0);
    layer.control.perform({ kind: 'pause', ms: 5_000 });
    for (const { run } of due) run();
    expect([killed, paused]).to.deep.equal([1, [5_000]]);
    expect(layerOf().control.perform({ kind: 'pause', ms: 5_000 })?.message).to.match(/started by hand/);
  });

  it('list: one fault of a kind, cuts by peer', () => {
    const { control } = layerOf();
    const faults: ChaosFault[] = [
      { kind: 'delay', ms: 1 },
      { kind: 'delay', ms: 2 },
      { kind: 'cut', peer: 'replica-2', isOneWay: false },
      { kind: 'cut', peer: 'replica-3', isOneWay: true },
    ];
    for (const fault of faults) control.inject(fault);
    expect(control.list()).to.deep.equal(faults.slice(1));
  });
});

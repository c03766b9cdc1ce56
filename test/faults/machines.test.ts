import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createChaosClient } from '../../src/net/chaos-client.js';
import { CLUSTER_TOKEN } from '../support/cluster.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { httpGet, metricNames, metricValue } from '../support/http-get.js';
import { prometheusText } from '../support/prometheus-text.js';
import { until } from '../support/until.js';
import { wipe } from '../nemesis/damage.js';

const OPS = path.resolve(import.meta.dirname, '../../ops');
const NAME = /\b(?:just_hungry|nodejs|process)_[a-z0-9_]+/g;

describe('faults: what machines are told', () => {
  const suite = clusterForSuite({ frontEnds: 1 });

  const metricsOf = async ({ http }: { readonly http: string }): Promise<string> => {
    const answer = await httpGet(http, '/metrics');
    if (answer?.status !== 200) throw new Error(`no metrics at ${http}: ${JSON.stringify(answer)}`);
    return answer.text;
  };
  /** Waits until `/readyz` answers with this status, and returns its text. */
  const readyz = async ({ http }: { readonly http: string }, status: number): Promise<string> => {
    let seen: unknown;
    const answer = await until(
      async () => {
        const found = await httpGet(http, '/readyz');
        seen = found;
        return found?.status === status ? found : undefined;
      },
      () => `/readyz says ${status}: ${JSON.stringify(seen)}`,
    );
    return answer.text;
  };

  it('metrics: orders, latencies, batches, fsync, lag, views, peers, memory are counted as they happen', async () => {
    const { cluster } = suite;
    const primary = await cluster.primary();
    const customers = await suite.customers();
    await customers.acknowledges(100);
    await customers.stop();
    await cluster.level();
    const frontEnd = await metricsOf(cluster.frontEnd(0));
    const placed = suite.history.acknowledged.length;
    expect(metricValue(frontEnd, 'just_hungry_orders_total', 'outcome="ok"')).to.be.at.least(placed);
    expect(metricValue(frontEnd, 'just_hungry_call_seconds_count', 'method="MakeOrder"')).to.be.at.least(placed);
    expect(metricValue(frontEnd, 'just_hungry_calls_in_flight')).to.equal(0);
    expect(metricValue(frontEnd, 'just_hungry_replica_reachable')).to.equal(3);

    const status = await cluster.status(primary.index);
    for (const replica of cluster.replicas) {
      const text = await metricsOf(replica);
      const isPrimary = replica === primary;
      expect(metricValue(text, 'just_hungry_replica_role', 'role="primary"'), replica.id).to.equal(isPrimary ? 1 : 0);
      expect(metricValue(text, 'just_hungry_writable')).to.equal(isPrimary ? 1 : 0);
      expect(metricValue(text, 'just_hungry_view')).to.equal(status?.view);
      expect(metricValue(text, 'just_hungry_applied_op')).to.equal(status?.op);
      expect(metricValue(text, 'just_hungry_lag_ops')).to.equal(0);
      expect(metricValue(text, 'just_hungry_peer_health', 'health="healthy"')).to.equal(2);
      expect(metricValue(text, 'just_hungry_fsync_seconds_count')).to.be.greaterThan(0);
      // Every entry but those the folder was made with went through the journal in batches.
      expect(metricValue(text, 'just_hungry_journal_batch_entries_sum')).to.be.at.least(placed);
      expect(metricValue(text, 'just_hungry_journal_bytes_total')).to.be.greaterThan(placed * 50);
      expect(metricValue(text, 'just_hungry_disk_free_bytes')).to.be.greaterThan(0);
      expect(metricValue(text, 'process_resident_memory_bytes')).to.be.greaterThan(1e7);
      if (!isPrimary) continue;
      expect(metricValue(text, 'just_hungry_replica_calls_total', 'kind="write"', 'outcome="ok"')).to.be.at.least(
        placed,
      );
      expect(metricValue(text, 'just_hungry_call_batch_size_sum', 'kind="writes"')).to.be.at.least(placed);
      expect(metricValue(text, 'just_hungry_backup_lag_ops')).to.equal(0);
    }
  });

  it('format: what Prometheus is told is valid, of every process, and no label is made of what customers send', async () => {
    const { cluster } = suite;
    for (const one of [...cluster.replicas, ...cluster.frontEnds]) {
      const families = prometheusText(await metricsOf(one));
      const own = [...families.values()].filter(({ name }) => name.startsWith('just_hungry_'));
      expect(own.length).to.be.greaterThan(10);
      for (const { name, help, type, samples } of own) {
        expect(help, name).to.match(/\w{3}/);
        expect(name.endsWith('_total'), `${name} is a ${type}`).to.equal(type === 'counter');
        // Bounded: a dozen kinds, methods or members at most, times the buckets.
        expect(samples.length, name).to.be.lessThan(1_000);
      }
      const { headers } = await fetch(`http://${one.http}/metrics`);
      expect(headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    }
  });

  it('secrets: neither tokens nor customers are in any answer', async () => {
    const { cluster } = suite;
    const customers = await suite.customers();
    await customers.acknowledges(10);
    await customers.stop();
    for (const one of [...cluster.replicas, ...cluster.frontEnds])
      for (const page of ['/metrics', '/readyz', '/livez', '/', '/metrics/../cluster.json']) {
        const answer = await httpGet(one.http, page);
        expect(answer?.text, page).to.not.match(/token-of|staff-token|DH1 1|user-/);
      }
  });

  it('routes: what is not there is 404, and only reading is allowed', async () => {
    const { http } = suite.cluster.replica(0);
    expect(await httpGet(http, '/livez')).to.deep.equal({ status: 200, text: 'alive\n' });
    expect((await httpGet(http, '/status'))?.status).to.equal(404);
    const posted = await fetch(`http://${http}/livez`, { method: 'POST', body: 'x' });
    expect(posted.status).to.equal(405);
    await posted.text();
  });

  it('ops: every metric that the dashboard and the alert rules name is there', async () => {
    const { cluster } = suite;
    const client = cluster.client();
    // Some are there only once something was counted.
    await client.getMenu();
    const customers = await suite.customers();
    await customers.acknowledges(5);
    await customers.stop();
    const series = new Set<string>();
    const families = new Set<string>();
    for (const one of [...cluster.replicas, ...cluster.frontEnds]) {
      const text = await metricsOf(one);
      for (const name of metricNames(text)) series.add(name);
      for (const [, name = ''] of text.matchAll(/^# TYPE (\S+)/gm)) families.add(name);
    }
    const read = (file: string): string => readFileSync(path.join(OPS, file), 'utf8');
    const dashboard = JSON.parse(read('grafana-dashboard.json')) as { panels: { targets?: { expr: string }[] }[] };
    const shown = dashboard.panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
    const alerts = read('alerts.yml');
    const judged = [...alerts.matchAll(/ expr: ([^]*?)\n {8}(?:for|labels):/g)].map(([, expr = '']) => expr);
    expect(judged).to.have.length(alerts.match(/- alert: /g)?.length ?? 0);
    for (const expressions of [shown, judged]) {
      expect(expressions.length).to.be.greaterThan(10);
      for (const expr of expressions) {
        const names = expr.match(NAME) ?? [];
        expect(names.length + (expr.match(/\bup\{/)?.length ?? 0), expr).to.be.greaterThan(0);
        expect(
          names.filter((name) => !series.has(name)),
          expr,
        ).to.deep.equal([]);
      }
    }
    // What is told to people names families.
    expect((alerts.match(NAME) ?? []).filter((name) => !series.has(name) && !families.has(name))).to.deep.equal([]);
    // And the other way round: nothing of ours is counted that nobody is shown.
    const own = [...families].filter((name) => name.startsWith('just_hungry_'));
    expect(own.length).to.be.greaterThan(30);
    expect(own.filter((name) => !shown.some((expr) => expr.includes(name)))).to.deep.equal([]);
  });

  it('failover: the view changes are counted, the dead one is unhealthy, and nobody is ready without a majority', async () => {
    const { cluster } = suite;
    const dead = await cluster.primary();
    const before = (await cluster.status(dead.index))?.view ?? 0;
    await dead.process.kill();
    const next = await cluster.primary();
    const text = await metricsOf(next);
    expect(metricValue(text, 'just_hungry_view')).to.be.greaterThan(before);
    expect(metricValue(text, 'just_hungry_view_changes_total')).to.be.at.least(1);
    expect(metricValue(text, 'just_hungry_notices_total', 'kind="becamePrimary"')).to.be.at.least(1);
    await until(async () => {
      const now = await metricsOf(next);
      return metricValue(now, 'just_hungry_peer_health', `peer="${dead.id}"`, 'health="unhealthy"') === 1;
    }, `${dead.id} is unhealthy`);
    const [last] = cluster.others(next).filter((one) => one !== dead);
    await last?.process.kill();
    expect(await readyz(next, 503)).to.match(/^not ready: (?:it takes no orders|it does not hear|it is between)/);
    expect(metricValue(await metricsOf(next), 'just_hungry_ready')).to.equal(0);
    // It lives all the same: to start it again would help nobody.
    expect((await httpGet(next.http, '/livez'))?.status).to.equal(200);
    await Promise.all([dead.process.start(), last?.process.start()]);
    for (const replica of cluster.replicas) await readyz(replica, 200);
    await suite.check();
  });

  it('front end: it is not ready while it reaches no replica', async () => {
    const { cluster } = suite;
    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    expect(await readyz(cluster.frontEnd(0), 503)).to.equal('not ready: it reaches no replica\n');
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));
    expect(await readyz(cluster.frontEnd(0), 200)).to.equal('ready\n');
  });

  it('recovering: a wiped replica is not ready, says why, and is when it has recovered', async () => {
    const { cluster } = suite;
    const [wiped, other] = cluster.others(await cluster.primary());
    if (wiped === undefined || other === undefined) throw new Error('there are backups');
    // With one other alone it cannot recover: it stays as it is until there is a majority that remembers.
    await Promise.all([wiped.process.kill(), other.process.kill()]);
    wipe(wiped.folder);
    await wiped.process.start();
    await until(async () => (await cluster.status(wiped.index))?.role === 'recovering', 'it knows that it was wiped');
    expect(await readyz(wiped, 503)).to.match(/^not ready: it is recovering/);
    await other.process.start();
    await readyz(wiped, 200);
    expect((await cluster.status(wiped.index))?.role).to.be.oneOf(['backup', 'primary']);
    await suite.check();
  });
});

describe('faults: what machines are told of a replica that lags', () => {
  const suite = clusterForSuite({ frontEnds: 1, more: { chaos: true } });
  /** Longer than a backup may lag and be ready. */
  const SLOW_MS = 6_000;

  it('lagging: a backup whose disk is too slow is not ready, says why, and is when it is level', async () => {
    const { cluster } = suite;
    const [slow, other] = cluster.others(await cluster.primary());
    if (slow === undefined || other === undefined) throw new Error('there are backups');
    const chaos = createChaosClient(slow.address, CLUSTER_TOKEN);
    const customers = await suite.customers();
    try {
      await chaos.inject({ kind: 'slowDisk', ms: SLOW_MS });
      let told: Awaited<ReturnType<typeof httpGet>>;
      await until(
        async () => {
          told = await httpGet(slow.http, '/readyz');
          return told?.status === 503 && /^not ready: it lags by \d+ ops/.test(told.text);
        },
        () => `${slow.id} is not ready: ${JSON.stringify(told)}`,
      );
      expect((await httpGet(other.http, '/readyz'))?.status, 'the other is').to.equal(200);
    } finally {
      await chaos.clear();
      chaos.close();
    }
    await until(async () => (await httpGet(slow.http, '/readyz'))?.status === 200, `${slow.id} is ready again`);
    await customers.stop();
    await suite.check();
  });
});

import { createServer } from 'node:net';
import { expect } from 'chai';
import { Distribution } from '../../src/base/distribution.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { startHttpServer, type HttpServer } from '../../src/telemetry/http-server.js';
import { freePorts } from '../support/free-ports.js';
import { until } from '../support/until.js';
import { httpGet, metricValue } from '../support/http-get.js';

describe('telemetry: HTTP server', () => {
  let address: string;
  let server: HttpServer | undefined;
  let why: string[];
  let problems: string[];
  beforeEach(async () => {
    const [port = 0] = await freePorts(1);
    address = `127.0.0.1:${port}`;
    why = [];
    problems = [];
  });
  afterEach(() => server?.close());

  const start = async (metrics = new Metrics(), listenAgainMs = 20): Promise<void> => {
    server = startHttpServer({
      address,
      metrics,
      whyNotReady: () => why,
      onProblem: (problem) => void problems.push(problem),
      listenAgainMs,
    });
    await server.listening;
  };

  it('readyz: says every reason, a line each', async () => {
    await start();
    expect(await httpGet(address, '/readyz')).to.deep.equal({ status: 200, text: 'ready\n' });
    why = ['it lags by 2000 ops', 'damaged: orders.csv'];
    const text = 'not ready: it lags by 2000 ops\nnot ready: damaged: orders.csv\n';
    expect(await httpGet(address, '/readyz')).to.deep.equal({ status: 503, text });
  });

  it('metrics: gauges, counters and histograms as Prometheus reads them', async () => {
    const metrics = new Metrics();
    const distribution = new Distribution([1, 10]);
    for (const ms of [0.5, 5, 50]) distribution.observe(ms);
    metrics.gauge('somewhere', 'A value.', () => [[{ place: 'say "here"\n' }, 4]]);
    metrics.gauge('unknown', 'Not known now.', () => undefined);
    metrics.counter('things_total', 'Things.', () => 7);
    metrics.histogram('wait_seconds', 'Waits.', 1_000, () => [[{ kind: 'a' }, distribution]]);
    await start(metrics);
    const { text = '' } = (await httpGet(address, '/metrics')) ?? {};
    expect(text).to.include('just_hungry_somewhere{place="say \\"here\\"\\n"} 4\n');
    expect(text).to.include('# TYPE just_hungry_things_total counter\njust_hungry_things_total 7\n');
    expect(text).to.include('# TYPE just_hungry_wait_seconds histogram');
    expect(text).to.not.match(/^just_hungry_unknown/m);
    const bucket = (le: string): number => metricValue(text, 'just_hungry_wait_seconds_bucket', `le="${le}"`);
    expect([bucket('0.001'), bucket('0.01'), bucket('+Inf')]).to.deep.equal([1, 2, 3]);
    expect(metricValue(text, 'just_hungry_wait_seconds_sum')).to.equal(0.0555);
    expect(metricValue(text, 'just_hungry_wait_seconds_count', 'kind="a"')).to.equal(3);
    expect(metricValue(text, 'process_resident_memory_bytes')).to.be.greaterThan(1e6);
    expect(metricValue(text, 'nodejs_eventloop_lag_p99_seconds')).to.be.at.least(0);
  });

  it('listen: an address in use is told once and tried until it is free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(Number(address.split(':')[1]), '127.0.0.1', resolve));
    const started = start();
    await until(() => problems.length > 0, 'it is told');
    expect(problems[0]).to.match(/cannot be served on .*the port is taken.*'http'/);
    await new Promise((resolve) => other.close(resolve));
    await started;
    expect((await httpGet(address, '/livez'))?.status).to.equal(200);
    expect(problems).to.have.length(1);
  });

  it('failures: a metric that cannot be read is 500, and the next answer is right', async () => {
    let isBroken = true;
    const metrics = new Metrics();
    metrics.gauge('fragile', 'It breaks.', () => {
      if (isBroken) throw new Error('broken on purpose');
      return 1;
    });
    await start(metrics);
    expect((await httpGet(address, '/metrics'))?.status).to.equal(500);
    expect(problems.join()).to.include('broken on purpose');
    isBroken = false;
    expect((await httpGet(address, '/metrics'))?.status).to.equal(200);
  });
});

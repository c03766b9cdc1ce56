import { replicaIndex } from '../base/numbers.js';
import { Admission } from '../front-end/admission.js';
import { createPostcodeChecker } from '../front-end/postcodes/checker.js';
import { startRechecking } from '../front-end/postcodes/rechecking.js';
import { Router } from '../front-end/router.js';
import { UserBuckets } from '../front-end/user-limit.js';
import { bindContracts } from '../net/contract-methods.js';
import { startFrontEndServer } from '../net/front-end-server.js';
import { createUncheckedOrders } from '../net/unchecked-orders.js';
import { createRequestLinks } from '../net/request-links.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { systemClock } from '../runtime/system-clock.js';
import { FrontEndCounts, frontEndMetrics } from '../telemetry/front-end-metrics.js';
import { startHttpServer } from '../telemetry/http-server.js';
import { announceFailure, announceReady, stopWithSupervisor } from './child-protocol.js';
import { packageVersion } from './package-version.js';
import { serverLog } from './server-log.js';
import { hostedServices, servedContracts, type ServicesOf } from './services.js';
import { clusterTlsOf, customerTlsOf } from './tls-files.js';

/** ms that a starting front end waits for the first replica before it says that it is ready all the same. */
const FIRST_REPLICA_PATIENCE_MS = 5_000;

/** Runs the front end `id` in this process until SIGTERM. It keeps nothing: any number of them may run. */
export async function runFrontEnd(
  configuration: ClusterConfiguration,
  id: string,
  servicesOf: ServicesOf = hostedServices,
): Promise<void> {
  const own = configuration.frontEnds.find((one) => one.id === id);
  if (own === undefined) throw new Error(`there is no front end ${id} in the configuration`);
  const log = serverLog({ frontEnd: id }, configuration);
  const counts = new FrontEndCounts();
  let stop = (): void => process.exit(0);
  stopWithSupervisor(() => stop());
  try {
    const { url, timeoutMs } = configuration.postcodes;
    const postcodes = createPostcodeChecker({ url, timeoutMs });
    const links = createRequestLinks({
      replicas: configuration.replicas,
      token: configuration.token,
      tls: clusterTlsOf(configuration),
      onProblem: (problem) => log.warn(problem),
    });
    const replicaIds = configuration.replicas.map((replica) => replica.id);
    const router = new Router({ links, clock: systemClock, replicaIds });
    const admission = new Admission({ clock: systemClock });
    const server = await startFrontEndServer({
      configuration,
      listenAddress: own.address,
      router,
      contracts: bindContracts(servedContracts(servicesOf(configuration), configuration)),
      admission,
      links,
      postcodes,
      tls: customerTlsOf(own, `tls of front end ${id}`),
      meter: counts,
      ...(configuration.rateLimit === undefined
        ? {}
        : { userLimit: new UserBuckets({ ...configuration.rateLimit, clock: systemClock }) }),
      onProblem: (problem, error) => log.error({ err: error }, problem),
    });
    const rechecking = startRechecking({ orders: createUncheckedOrders(router), postcodes, clock: systemClock });
    const whyNotReady = (): string[] => {
      if (isStopping) return ['it is stopping'];
      return configuration.replicas.some((_, index) => links.isUp(replicaIndex(index)))
        ? []
        : ['it reaches no replica'];
    };
    const http =
      own.http === undefined
        ? undefined
        : startHttpServer({
            address: own.http,
            whyNotReady,
            metrics: frontEndMetrics({
              id,
              version: packageVersion(),
              counts,
              whyNotReady,
              router,
              admission,
              get streams() {
                return server.streams;
              },
              reachable: () =>
                configuration.replicas.map((replica, index) => [replica.id, links.isUp(replicaIndex(index))] as const),
            }),
            onProblem: (problem) => log.warn(problem),
          });
    let isStopping = false;
    stop = () => {
      if (isStopping) return;
      isStopping = true;
      log.info('stopping');
      rechecking.stop();
      void server
        .stop()
        .then(() => {
          router.close();
          links.close();
          http?.close();
          return postcodes.close();
        })
        .then(() => process.exit(0))
        .catch((error: unknown) => {
          log.error({ err: error }, 'it did not stop in order');
          process.exit(1);
        });
    };
    process.on('SIGTERM', () => stop());
    process.on('SIGINT', () => stop());
    log.info({ address: server.address }, 'up');
    await firstReplica(links);
    announceReady();
  } catch (error) {
    log.error({ err: error }, 'cannot start');
    await announceFailure(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

function firstReplica(links: ReturnType<typeof createRequestLinks>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      endListening();
      resolve();
    };
    const timer = setTimeout(done, FIRST_REPLICA_PATIENCE_MS);
    const endListening = links.onChange((_replica, isUp) => {
      if (isUp) done();
    });
  });
}

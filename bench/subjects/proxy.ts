import { nextMessage, startScript, stop } from '../processes.js';
import type { ProxySettings } from '../proxy/settings.js';
import type { Subject } from './subject.js';

/** Starts an echo server and a bare proxy before it: what gRPC alone costs, with no copies and no disk. */
export async function startProxy(name: string, settings: ProxySettings, env: NodeJS.ProcessEnv = {}): Promise<Subject> {
  const echo = startScript('proxy/echo.ts', [settings.name], env);
  const { address: echoAddress } = await nextMessage<{ address: string }>(echo);
  const proxy = startScript('proxy/proxy.ts', [settings.name, echoAddress], env);
  const { address } = await nextMessage<{ address: string }>(proxy);
  return {
    kind: 'proxy',
    name,
    target: { addresses: [address] },
    orderCalls: 'order',
    settings: settings.name,
    processes: () => [
      { name: 'proxy', pid: proxy.pid ?? 0 },
      { name: 'echo server', pid: echo.pid ?? 0 },
    ],
    kept: async () => [],
    check: async () => undefined,
    async stop() {
      await stop(proxy);
      await stop(echo);
    },
  };
}

import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import type { Cli, CommonOptions } from '../cli.js';
import { askReplicas } from '../start-report.js';
import { withToken } from '../configuration.js';
import { EXIT_FAILED } from '../environment.js';

/** `status`: how the cluster is; exit code 1 when it takes no orders. */
export function addStatusCommand(program: Command, cli: Cli): void {
  cli
    .withCommonOptions(program.command('status').description('show how the replicas are; asks each of them'))
    .action(async (options: CommonOptions) => {
      const configuration = withToken(cli.settings(options));
      const status = await askReplicas(cli, configuration);
      const rows = status.replicas.map((replica) => [
        replica.id,
        replica.address,
        replica.role,
        replica.health,
        String(replica.view),
        String(replica.op),
        String(replica.commit),
        String(replica.lag_ops),
        replica.reason,
      ]);
      const columns = ['REPLICA', 'ADDRESS', 'ROLE', 'HEALTH', 'VIEW', 'OP', 'COMMIT', 'LAG', ''];
      const table = alignedTable(
        columns.map((heading, at) => ({ heading, align: at >= 4 && at <= 7 ? 'right' : 'left' })),
        rows,
      );
      const more = status.may_fail === 1 ? '1 more replica may fail' : `${status.may_fail} more replicas may fail`;
      const isAlone = !status.writable && status.replicas.some((replica) => replica.takes_alone);
      const closed = isAlone ? 'Taking new orders, which wait for confirmation' : 'Not taking orders';
      const head = status.writable ? `Taking orders; ${more}.` : `${closed}: ${status.reason}`;
      cli.print(options, status, `${head}\n\n${table}`);
      if (!status.writable) cli.exitCode = EXIT_FAILED;
    });
}

/*
 * Stands for dist/cli/main.js where `start` is tested without servers: says that it is ready, notes its arguments, and goes
 * when told to or when its supervisor is gone. FAKE_FAIL names a server that cannot start.
 */
import { appendFileSync } from 'node:fs';

const [command, id = command] = process.argv.slice(2);
appendFileSync(
  process.env.FAKE_NOTES,
  `${JSON.stringify({ pid: process.pid, command, id, args: process.argv.slice(2) })}\n`,
);
const name = command === 'postcodes-stand-in' ? command : id;
if (command === 'client') {
  console.log('client is open');
  process.stdin.resume();
  process.on('disconnect', () => process.exit(1));
  process.stdin.on('end', () => process.exit(7));
} else {
  process.on('disconnect', () => process.exit(1));
  process.on('SIGTERM', () => process.exit(0));
  if (process.env.FAKE_FAIL === name)
    process.send({ kind: 'failed', message: `${name} has a broken menu.csv: mend it.` }, () => process.exit(1));
  else if (process.env.FAKE_DIE === name) process.exit(9);
  else setTimeout(() => process.send({ kind: 'ready' }), 20);
  setInterval(() => undefined, 1000);
}

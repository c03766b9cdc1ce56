import path from 'node:path';
import { Daemon } from '../../../bench/daemon.js';
import { leaveNothingBehind } from '../../../bench/ending.js';
import { temporaryFolder } from '../../../bench/temporary-folder.js';

/* Starts a daemon that ignores what it can, in a temporary folder, tells where, and then does what its argument says. */
leaveNothingBehind();
const folder = temporaryFolder('left-behind');
const daemon = new Daemon({
  name: 'stubborn',
  command: process.execPath,
  args: ['-e', "process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); setInterval(() => {}, 1000)"],
  folder,
  logFile: path.join(folder, 'log'),
  env: {},
  stopSignal: 'SIGTERM',
  endSignal: 'SIGKILL',
});
console.log(JSON.stringify({ folder, pid: daemon.pid }));
if (process.argv[2] === 'throw') throw new Error('on purpose');
setInterval(() => undefined, 1000);

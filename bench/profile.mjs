// Preloaded into every process of a profiled run (`--profile FOLDER`): writes a CPU profile when the process ends.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import path from 'node:path';

const folder = process.env.BENCH_PROFILE_FOLDER;
const session = new Session();
session.connect();
session.post('Profiler.enable');
let isProfiling = false;
// What is loaded and compiled at the start is left out.
setTimeout(
  () => {
    session.post('Profiler.start');
    isProfiling = true;
  },
  Number(process.env.BENCH_PROFILE_AFTER_MS ?? 6000),
).unref();
process.on('exit', () => {
  if (!isProfiling) return;
  session.post('Profiler.stop', (error, result) => {
    if (error !== null || folder === undefined) return;
    const name = process.argv.slice(1, 4).map((part) => path.basename(part).replaceAll(/[^A-Za-z0-9.-]/g, '_'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${name.join('-')}-${process.pid}.cpuprofile`), JSON.stringify(result.profile));
  });
});

import { runProcess } from '../../../src/cli/process.js';
import { hostedServices } from '../../../src/cli/services.js';
import { addWaitingListCommands } from './command.js';
import { waitingList } from './hosted.js';

// The program with one service and its commands more.
await runProcess({
  services: (configuration) => [...hostedServices(configuration), waitingList],
  commands: [addWaitingListCommands],
});

/**
 * The demo in containers (profile `demo` of docker-compose.yml): fills the simulated master and makes the replicas known to
 * the controller. Ends with 0 when everything stands; a second start finds what the first one did.
 */
import { parseArgs } from 'node:util';
import { connect } from './http.ts';
import { makeLibrary } from './library/index.ts';
import { seedLibrary } from './seed.ts';
import { makePeople } from './seeding/people.ts';
import { controllerAt, untilReady } from './stage/controller.ts';

const { values } = parseArgs({
  options: {
    controller: { type: 'string' },
    master: { type: 'string' },
    /** NAME=URL */
    replica: { type: 'string', multiple: true, default: [] },
    token: { type: 'string' },
  },
});
const { controller: controllerUrl, master: masterUrl, token } = values;
if (controllerUrl === undefined || masterUrl === undefined || token === undefined) {
  console.error('demo setup: --controller URL --master URL --token T --replica NAME=URL ...');
  process.exitCode = 2;
} else await setUp(controllerUrl, { url: masterUrl, token });

async function setUp(url: string, master: { url: string; token: string }): Promise<void> {
  const library = makeLibrary({ seed: 1 });
  await untilReady(url);
  const controller = controllerAt(url);
  const known = await controller.replicaNames();
  if (known.length > 0) return console.log(`The controller knows ${known.join(', ')} already.`);
  console.log(`Filling the master with ${library.documents.length} documents ...`);
  await seedLibrary(master, library);
  for (const pair of values.replica) {
    const [name = '', ...rest] = pair.split('=');
    const replica = { url: rest.join('='), token: master.token };
    await makePeople(connect(replica), library);
    await controller.addReplica(name, replica.url, replica.token);
  }
  const run = await controller.startCycle();
  console.log(`Cycle ${run} is running; watch the dashboard at http://127.0.0.1:8000.`);
}

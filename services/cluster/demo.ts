import { makeLibrary } from '../demo/library/index.ts';
import { seedLibrary } from '../demo/seed.ts';
import { Household } from '../demo/stage/children.ts';
import { controllerAt } from '../demo/stage/controller.ts';
import { preparePeople, startInstances } from '../demo/stage/scene.ts';

export interface Demo {
  /** For apis and workers: who the master is. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fills the master, and adds the replicas to the controller. */
  fill(apiUrl: string): Promise<void>;
  close(): Promise<void>;
}

/** The instances of `npm run demo`: a master, and a replica of each generation. */
export async function openDemo(say: (line: string) => void): Promise<Demo> {
  const household = new Household();
  const instances = await startInstances(household, { ocrMs: 200 }).catch(async (error: unknown) => {
    await household.close();
    throw error;
  });
  const { master, replicas } = instances;
  return {
    environment: { MASTER_URL: master.url, MASTER_TOKEN: master.token },
    async fill(apiUrl) {
      const library = makeLibrary({ seed: 1 });
      say(`\nFilling the simulated master with ${library.documents.length} documents ...`);
      await preparePeople(instances, library);
      await seedLibrary(master, library);
      const controller = controllerAt(apiUrl);
      for (const { name, url, token } of replicas) await controller.addReplica(name, url, token);
      for (const { name, profile, url } of [master, ...replicas]) say(`  ${name.padEnd(7)} ${profile}  ${url}`);
      say(`\nStart a cycle, and watch ${apiUrl}:\n  curl -X POST ${apiUrl}/api/sync`);
    },
    close: () => household.close(),
  };
}

/** What a person breaks while the demo stays up, and what is seen then. */
import type { Play } from './play.ts';
import type { SimulatedInstance } from './scene.ts';

/** The first two that have a copy: one is edited there, the other one is deleted. */
export async function invitation({ controller, instances, seeding, library }: Play, interval: number): Promise<string> {
  const { master } = instances;
  const [attic] = instances.replicas;
  const [first, second] = library.documents;
  const id = (document: typeof first) => (document && seeding.ids.get(document.key)) ?? 0;
  const copy = async (document: typeof first) => (attic && (await controller.copyOf(id(document), attic.name))) ?? 0;
  const compare = `curl -X POST '${controller.url}/api/sync?sweep=1'`;
  return `
Everything stays up until Ctrl-C. Open the dashboard: ${controller.url}

Now break something, and watch it being repaired. A cycle runs every ${interval} s.

1. Edit document ${id(first)}, "${first?.title}", on the master. Both replicas get the title with the next cycle.

   ${edit(master, id(first), 'Edited on the master')}

2. Edit its copy on the replica attic, and let everything be compared. The master's title comes back, and both values
   stand under Conflicts ("any" state).

   ${attic === undefined ? '' : edit(attic, await copy(first), 'Edited on the replica')}
   ${compare}

3. Delete another copy there. It comes back out of the trash.

   ${attic === undefined ? '' : request(attic, 'DELETE', await copy(second))}
   ${compare}

4. Kill the controller, best while it works. It is started again and goes on where it was: nothing lost, nothing twice.

   kill -9 ${controller.pid()}
`;
}

function edit(instance: SimulatedInstance, id: number, title: string): string {
  return `${request(instance, 'PATCH', id)} \\
     -H 'Content-Type: application/json' -d '{"title": "${title}"}'`;
}

function request({ url, token }: SimulatedInstance, method: string, id: number): string {
  return `curl -X ${method} -H 'Authorization: Token ${token}' ${url}/api/documents/${id}/`;
}

/** What a program does about logins before and after it listens. */
import type { Foundation } from '../../shared/replication/foundation.ts';
import { prepareAdmin } from '../../shared/replication/doors/admin.ts';

/** Called before the API listens; what it answers is told once the address is known. */
export async function prepareDoor(from: Foundation): Promise<(url: string) => void> {
  const { door, publicUrl, basePath } = from.env;
  if (door.mode === 'none' && !door.loopback)
    from.logger.warn(
      { code: 'open_to_everybody' },
      'AUTH_MODE=none: everybody who reaches this address can change everything.',
    );
  if (door.mode !== 'password') return () => undefined;
  const code = await prepareAdmin({ db: from.database.db, secrets: from.secrets }, door.adminPassword);
  return (url) => {
    if (code === null) return;
    const at = publicUrl === undefined ? url : `${publicUrl}${basePath}`;
    // Not through the log, which masks it and keeps it in a table.
    process.stderr.write(`pngx-controller: no password is set yet. Open ${at}/setup and enter this code: ${code}\n`);
  };
}

/**
 * The only doors that stand open (S1): whatever is not named here needs a visitor who is known. Exact paths below the base
 * path, so that another spelling of one is no way in.
 */
import { ASSET_PATHS } from '../assets.ts';
import type { Door } from '../../../shared/config/env.ts';

interface OpenRoute {
  readonly path: string;
  readonly methods: readonly string[];
  readonly open: (door: Pick<Door, 'mode' | 'metricsAuth'>) => boolean;
  /** Called by other programs, which prove themselves in their own way: no page of ours has to send it. */
  readonly anyOrigin?: boolean;
}

const READ = ['GET', 'HEAD'];
const always = () => true;
const withPassword = ({ mode }: Pick<Door, 'mode'>) => mode === 'password';

const OPEN_ROUTES: readonly OpenRoute[] = [
  { path: '/healthz', methods: READ, open: always },
  { path: '/readyz', methods: READ, open: always },
  { path: '/metrics', methods: READ, open: ({ metricsAuth }) => !metricsAuth },
  // What the login page looks like.
  ...ASSET_PATHS.map((path) => ({ path, methods: READ, open: always })),
  { path: '/login', methods: [...READ, 'POST'], open: withPassword },
  { path: '/setup', methods: [...READ, 'POST'], open: withPassword },
  // The master proves itself by X-Webhook-Secret (E24).
  { path: '/webhook/paperless', methods: ['POST'], open: always, anyOrigin: true },
];

export function openRoute(door: Pick<Door, 'mode' | 'metricsAuth'>, method: string, path: string) {
  return OPEN_ROUTES.find((route) => route.path === path && route.methods.includes(method) && route.open(door));
}

/** The whole database in one file, with the hashes of password and keys: more than looking, though it is a GET. */
export const NOT_FOR_READERS: ReadonlySet<string> = new Set(['/api/backup']);

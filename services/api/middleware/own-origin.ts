/**
 * There is no login yet and the door is on loopback only, so any page open in a browser on this machine could knock. A
 * foreign name that was made to point to 127.0.0.1 is told by its Host header, a foreign page by what the browser says.
 */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../../shared/kernel/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

export function ownOrigin(publicUrl: string | undefined) {
  const publicHost = publicUrl === undefined ? null : new URL(publicUrl).host.toLowerCase();
  const isOwnHost = (host: string) => LOOPBACK.test(host) || host.toLowerCase() === publicHost;
  return createMiddleware(async (c, next) => {
    if (!isOwnHost(c.req.header('host') ?? ''))
      throw refused(
        'host_not_allowed',
        'This name does not lead here.',
        'Use 127.0.0.1 or localhost, or set PUBLIC_URL.',
      );
    const site = c.req.header('sec-fetch-site');
    const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (foreign && !SAFE_METHODS.has(c.req.method))
      throw refused(
        'cross_site_request',
        'A page of another site may not change anything here.',
        'Open the controller itself.',
      );
    await next();
  });
}

function refused(code: string, message: string, hint: string): AppError {
  return new AppError({ code, class: 'permission', message, hint });
}

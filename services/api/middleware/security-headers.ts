import { createMiddleware } from 'hono/factory';

/** Scripts and styles come from our own files and nowhere else: neither in the page nor from another site (S2). */
const POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  // Pico draws its arrows and ticks as images inside the style sheet.
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

export function securityHeaders() {
  return createMiddleware(async (c, next) => {
    await next();
    // A page that is not ours (the queue's board) brings a policy of its own, as narrow as it can be.
    if (!c.res.headers.has('Content-Security-Policy')) c.header('Content-Security-Policy', POLICY);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('X-Frame-Options', 'DENY');
    // With `no-referrer` a browser would send our own forms with "Origin: null", and the gate could not tell them.
    c.header('Referrer-Policy', 'same-origin');
    c.header('Cross-Origin-Opener-Policy', 'same-origin');
    c.header('Cross-Origin-Resource-Policy', 'same-origin');
    if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
  });
}

import { createMiddleware } from 'hono/factory';

/** The page has no scripts at all; its one style sheet stands in the page and is allowed by its hash (S2). */
export function securityHeaders(styleHash: string) {
  const policy = [
    `default-src 'none'`,
    `style-src '${styleHash}'`,
    `base-uri 'none'`,
    `form-action 'self'`,
    `frame-ancestors 'none'`,
  ].join('; ');
  return createMiddleware(async (c, next) => {
    await next();
    c.header('Content-Security-Policy', policy);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('X-Frame-Options', 'DENY');
    // With `no-referrer` a browser would send our own forms with "Origin: null", and the gate could not tell them.
    c.header('Referrer-Policy', 'same-origin');
    c.header('Cross-Origin-Opener-Policy', 'same-origin');
    c.header('Cross-Origin-Resource-Policy', 'same-origin');
    c.header('Cache-Control', 'no-store');
  });
}

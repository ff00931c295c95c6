/** The description of the API (OpenAPI 3.1), made from the operations themselves. */
import type { Routes } from './operation.ts';

export type ApiDocument = ReturnType<Routes['getOpenAPI31Document']>;

const DESCRIPTION = `Everything the pages do, for programs. Lists are paged by \`cursor\`: send the \`next_cursor\` of one page
to get the next. Times are ISO 8601 in UTC. Errors have one shape. Tokens of instances go in and never come out.`;

const SECURITY = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A key that was made with `pngx-controller keys` or `POST /api/keys`. One of scope "read" may only look.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'pngx_session',
    description: 'The login of a browser, in AUTH_MODE=password. Changes need a request of our own pages.',
  },
} as const;

/** `url`: what stands in front of every path. */
export function describeApi(routes: Routes, at: { readonly version: string; readonly url: string }): ApiDocument {
  const document = routes.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'pngx-controller', version: at.version, description: DESCRIPTION, license: { name: 'MIT' } },
    servers: [{ url: at.url }],
    security: Object.keys(SECURITY).map((name) => ({ [name]: [] })),
  });
  return { ...document, components: { ...document.components, securitySchemes: SECURITY } };
}

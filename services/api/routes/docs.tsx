import { z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { describeApi, type ApiDocument } from '../openapi.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { ApiPage } from '../pages/api-page.tsx';
import { renderPage } from '../pages/page.tsx';

const tags = ['Controller'];
const shape = z.looseObject({ openapi: z.string(), paths: z.looseObject({}) });
const getDocument = operation({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getOpenApi',
  summary: 'This description',
  tags,
  responses: { 200: answer('OpenAPI 3.1.', shape) },
});
const getPage = operation({
  method: 'get',
  path: '/docs',
  operationId: 'browseApi',
  summary: 'The same as a page',
  tags,
  responses: { 200: { description: 'A page.', content: { 'text/html': { schema: z.string() } } } },
});

/** `described` is the whole API, this part of it included. */
export function docsRoutes(deps: ApiDeps, described: () => Routes): Routes {
  const routes = newRoutes();
  let made: ApiDocument | undefined;
  const document = () => {
    const url = `${deps.publicUrl ?? ''}${deps.basePath}`;
    made ??= describeApi(described(), { version: deps.version, url: url === '' ? '/' : url });
    return made;
  };
  routes.openapi(getDocument, (c) => c.json(document() as unknown as z.output<typeof shape>, 200));
  routes.openapi(getPage, (c) => renderPage(c, deps, { title: 'API' }, <ApiPage document={document()} />));
  return routes;
}

/**
 * Style sheets and scripts of the pages, served by us (no other site is asked for anything). The name of each holds a hash of
 * its content, so that a browser may keep it for ever and never shows an old one after an update.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import type { GateVariables } from './gate/visitor.ts';
import { notFound } from './http-error.ts';

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const;
const require = createRequire(import.meta.url);

const SOURCES = {
  pico: require.resolve('@picocss/pico/css/pico.min.css'),
  app: new URL('./pages/app.css', import.meta.url),
  htmx: require.resolve('htmx.org/dist/htmx.min.js'),
  sse: require.resolve('htmx-ext-sse/dist/sse.min.js'),
  logs: new URL('./pages/logs.js', import.meta.url),
} as const;
export type AssetName = keyof typeof SOURCES;

interface Asset {
  readonly path: string;
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer>;
}

const ASSETS = Object.fromEntries(
  Object.entries(SOURCES).map(([name, source]) => [name, load(name, source)]),
) as Readonly<Record<AssetName, Asset>>;
const BY_PATH = new Map(Object.values(ASSETS).map((asset) => [asset.path, asset]));

function load(name: string, source: string | URL): Asset {
  const plain = new Uint8Array(readFileSync(source));
  const kind = String(source).endsWith('.css') ? 'css' : 'js';
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  const packed = new Uint8Array(gzipSync(plain, { level: 9 }));
  return { path: `/assets/${name}.${hash}.${kind}`, type: TYPES[kind], plain, packed };
}

/** Below the base path. */
export const assetPath = (name: AssetName): string => ASSETS[name].path;

/** The login page needs them, too. */
export const ASSET_PATHS: readonly string[] = [...BY_PATH.keys()];

export function assetRoutes(): Hono<GateVariables> {
  return new Hono<GateVariables>().get('/:name', (c) => {
    const asset = BY_PATH.get(`/assets/${c.req.param('name')}`);
    if (asset === undefined) throw notFound(`The file "${c.req.param('name')}"`);
    const takesGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    const headers = {
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      Vary: 'Accept-Encoding',
      ...(takesGzip ? { 'Content-Encoding': 'gzip' } : {}),
    };
    return c.body(takesGzip ? asset.packed : asset.plain, 200, headers);
  });
}

import type { Env } from '../../config/env.ts';

/** Of our pages, as people reach them; undefined where PUBLIC_URL is not set. */
export function ownAddress({ publicUrl, basePath }: Pick<Env, 'publicUrl' | 'basePath'>): string | undefined {
  if (publicUrl === undefined || basePath === '') return publicUrl;
  return publicUrl.endsWith(basePath) ? publicUrl : publicUrl + basePath;
}

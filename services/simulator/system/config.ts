/**
 * The configuration that the API shows. A null means that the environment decides, which no client can read.
 */

import type { Context } from '../context.ts';
import { badRequest, json, notFound, type Reply } from '../http/reply.ts';
import type { PlainRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const KIND = 'applicationconfiguration';

const COMMON_END = [
  'image_dpi',
  'unpaper_clean',
  'deskew',
  'rotate_pages',
  'rotate_pages_threshold',
  'max_image_pixels',
  'color_conversion_strategy',
  'app_title',
  'app_logo',
  'barcodes_enabled',
  'barcode_enable_tiff_support',
  'barcode_string',
  'barcode_retain_split_pages',
  'barcode_enable_asn',
  'barcode_asn_prefix',
  'barcode_upscale',
  'barcode_dpi',
  'barcode_max_pages',
  'barcode_enable_tag',
];
const V2_NAMES = [
  'user_args',
  'barcode_tag_mapping',
  'output_type',
  'pages',
  'language',
  'mode',
  'skip_archive_file',
  ...COMMON_END,
];
const V3_NAMES = [
  ...[
    'user_args',
    'barcode_tag_mapping',
    'llm_api_key',
    'output_type',
    'pages',
    'language',
    'mode',
    'archive_file_generation',
  ],
  ...COMMON_END,
  ...['barcode_tag_split', 'ai_enabled', 'llm_embedding_backend', 'llm_embedding_model', 'llm_embedding_endpoint'],
  ...[
    'llm_embedding_chunk_size',
    'llm_context_size',
    'llm_backend',
    'llm_model',
    'llm_endpoint',
    'llm_output_language',
  ],
  'llm_request_timeout',
];

const CHOICES: Readonly<Record<string, { v2: readonly string[]; v3: readonly string[] }>> = {
  mode: { v2: ['skip', 'redo', 'force', 'skip_noarchive'], v3: ['auto', 'force', 'redo', 'off'] },
  skip_archive_file: { v2: ['never', 'with_text', 'always'], v3: [] },
  archive_file_generation: { v2: [], v3: ['auto', 'always', 'never'] },
};

const stored = (store: Store): PlainRow | undefined => store.plain.filter((row) => row.kind === KIND)[0];

/** What has been set through the API; all else is null, which means that the environment decides (paperless-api.md 5.9). */
export const configValue = (store: Store, name: string): unknown => stored(store)?.data[name] ?? null;

function configJson({ store, isV3 }: Context): Record<string, unknown> {
  const names = isV3 ? V3_NAMES : V2_NAMES;
  const defaults = Object.fromEntries(names.map((name) => [name, name === 'ai_enabled' ? false : null]));
  return { id: 1, ...defaults, ...stored(store)?.data };
}

export const listConfig = (context: Context): Reply => json([configJson(context)]);

export function readConfig(context: Context): Reply {
  if (context.id() !== 1) throw notFound('ApplicationConfiguration');
  return json(configJson(context));
}

export async function updateConfig(context: Context): Promise<Reply> {
  context.require('change_applicationconfiguration');
  const { store, isV3, instance } = context;
  const names = isV3 ? V3_NAMES : V2_NAMES;
  const input = Object.entries(await context.input()).filter(([name]) => names.includes(name));
  const errors = input.flatMap(([name, value]) => {
    const choices = CHOICES[name]?.[instance.profile.name];
    return !choices || value === null || choices.includes(String(value))
      ? []
      : [[name, [`"${String(value)}" is not a valid choice.`]]];
  });
  if (errors.length > 0) throw badRequest(Object.fromEntries(errors));
  const row = stored(store) ?? { id: store.plain.takeId(), kind: KIND, data: {} };
  row.data = { ...row.data, ...Object.fromEntries(input) };
  store.plain.save(row);
  return json(configJson(context));
}

/** There is one configuration and no way to make another; the answer has no body. */
export const refuseConfig = (): Reply => ({ status: 405 });

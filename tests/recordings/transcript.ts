import { readFileSync } from 'node:fs';
import { z } from 'zod';

const requestSchema = z.object({
  method: z.string().default('GET'),
  path: z.string(),
  api: z.number().optional(),
  accept: z.string().optional(),
  auth: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  json: z.unknown().optional(),
  raw: z.string().optional(),
  contentType: z.string().optional(),
  form: z.record(z.string(), z.unknown()).optional(),
  file: z.object({ field: z.string().optional(), name: z.string(), type: z.string(), path: z.string() }).optional(),
  bytes: z.boolean().optional(),
});

const stepSchema = z.object({
  note: z.string(),
  request: requestSchema,
  poll: z.object({ path: z.string(), in: z.array(z.unknown()).optional(), seconds: z.number().optional() }).optional(),
  settle: z.union([z.number(), z.boolean()]).optional(),
  capture: z.record(z.string(), z.string()).optional(),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    json: z.unknown().optional(),
    text: z.string().optional(),
    bytes: z.unknown().optional(),
  }),
});

export type RecordedRequest = z.output<typeof requestSchema>;
export type Step = z.output<typeof stepSchema>;

export function readTranscript(path: string): Step[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => stepSchema.parse(JSON.parse(line)));
}

import { z } from 'zod';
import { faultRule } from './faults.ts';

export const simulatorOptions = z.object({
  profile: z.enum(['v2', 'v3']),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  host: z.string().default('127.0.0.1'),
  token: z.string().min(1),
  /** Generated documents the library starts with, if it is empty. */
  docs: z.coerce.number().int().min(0).default(0),
  seed: z.string().default('simulator'),
  /** Delay of every answer in milliseconds. */
  latency: z.coerce.number().min(0).default(0),
  /** What one consumption takes in milliseconds, as OCR does. */
  ocrMs: z.coerce.number().min(0).default(0),
  consumers: z.coerce.number().int().min(1).default(1),
  db: z.enum(['sqlite', 'postgres']).default('sqlite'),
  /** Directory that outlives the process, or null for memory. */
  data: z.string().nullable().default(null),
  /** PAPERLESS_URL, which webhooks name documents by; real instances without one write "None". */
  publicUrl: z.string().nullable().default(null),
  /** Another version than the profile's. */
  version: z.string().optional(),
  /** What the instance says of its disk (bytes), its trash (days) and its task workers. */
  storageAvailable: z.coerce.number().min(0).default(400_000_000_000),
  trashDelay: z.coerce.number().int().min(0).default(30),
  celery: z.enum(['OK', 'ERROR']).default('OK'),
  /** Prints what a handler threw, for work on the simulator itself. */
  verbose: z.boolean().default(false),
  faults: z.array(faultRule).default([]),
});

export type SimulatorOptions = z.output<typeof simulatorOptions>;
export type SimulatorInput = z.input<typeof simulatorOptions>;

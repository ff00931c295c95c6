/** Pieces of what the API answers. */
import { z } from '@hono/zod-openapi';

/** As JSON writes a Date. */
export const time = z.iso.datetime();
export const maybeTime = time.nullable();
export const maybeText = z.string().nullable();
export const maybeId = z.int().nullable();
export const count = z.int().min(0);

/** Beside a named shape: `.nullable()` would make the shape itself nullable wherever it is used. */
export const orNull = <S extends z.ZodType>(shape: S) => z.union([shape, z.null()]);

export const list = <S extends z.ZodType>(item: S) => z.array(item).readonly();

/** To be sent as `cursor` for the next page; null on the last one. */
export const nextCursor = z.string().nullable();

/** What happens to a form that changes something: checked, carried out, and answered with 303 and one sentence. */
import type { z } from 'zod';
import { AppError, toAppError } from '../../../shared/kernel/errors.ts';
import type { CookieDeps } from '../gate/cookies.ts';
import { isFormToken } from '../gate/cookies.ts';
import { ownPath } from '../gate/own-path.ts';
import type { GateContext } from '../gate/visitor.ts';
import { statusOf } from '../http-error.ts';
import { issueTexts } from '../input.ts';
import { leaveFlash } from './flash.ts';

export type FormValues = Readonly<Record<string, string>>;

export type GivenForm<T> =
  | { readonly ok: true; readonly data: T; readonly values: FormValues }
  /** One text for each field that is wrong; `values` is what was typed, to show it again. */
  | { readonly ok: false; readonly errors: FormValues; readonly values: FormValues };

/**
 * The gate has already seen that a page of ours asks. The token is a second proof for sessions, should a browser not say
 * where a form comes from.
 */
export async function formOf<S extends z.ZodType>(c: GateContext, schema: S): Promise<GivenForm<z.output<S>>> {
  const values = await valuesOf(c);
  const parsed = schema.safeParse(values);
  return parsed.success
    ? { ok: true, data: parsed.data, values }
    : { ok: false, errors: issueTexts(parsed.error), values };
}

/** All fields as text; a file or a second value of the same name is no field of ours. The token is taken out. */
async function valuesOf(c: GateContext): Promise<FormValues> {
  const { form, ...fields } = await c.req.parseBody();
  if (c.get('visitor')?.via === 'session' && !(typeof form === 'string' && isFormToken(c, form, 'session')))
    throw new AppError({
      code: 'form_expired',
      class: 'permission',
      message: 'This form is too old.',
      hint: 'Open the page again and send it once more.',
    });
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/**
 * Carries `work` out and leads back to a page, where its sentence is shown: what was done, and to how many rows. A refusal is
 * shown there, too; what went wrong inside becomes the page for errors. `back` is a path below the base path.
 */
export async function act(
  c: GateContext,
  deps: CookieDeps,
  back: string,
  work: (values: FormValues) => Promise<string | { readonly text: string; readonly to: string }>,
): Promise<Response> {
  const values = await valuesOf(c);
  try {
    const done = await work(values);
    const { text, to } = typeof done === 'string' ? { text: done, to: back } : done;
    return redirectWith(c, deps, to, text);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (statusOf(error) === 500) throw thrown;
    leaveFlash(c, deps, { tone: 'bad', text: `${error.message} ${error.hint ?? ''}`.trim() });
    return c.redirect(ownPath(deps.basePath + back, deps.basePath), 303);
  }
}

/** For forms that are checked before with formOf. */
export function redirectWith(c: GateContext, deps: CookieDeps, to: string, text: string): Response {
  leaveFlash(c, deps, { tone: 'good', text });
  return c.redirect(ownPath(deps.basePath + to, deps.basePath), 303);
}

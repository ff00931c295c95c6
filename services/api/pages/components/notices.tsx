/** Sentences that stand out: nothing here yet, something is red, are you sure. */
import type { Child } from 'hono/jsx';
import { PostForm } from './forms.tsx';
import { To } from './links.tsx';

/** Says what will appear here, and what makes it appear. */
export function Empty({ children }: { children: Child }) {
  return <p class="empty">{children}</p>;
}

/** Whatever is red says why, what happens next by itself, and has a button for the impatient. */
export function RedThing(props: { title: Child; reason: Child; next: Child; children?: Child; tone?: 'bad' | 'warn' }) {
  return (
    <div class={`red-thing ${props.tone ?? 'bad'}`}>
      <p>
        <strong>{props.title}</strong> {props.reason}
      </p>
      <p class="faint">{props.next}</p>
      {props.children === undefined ? null : <div class="actions">{props.children}</div>}
    </div>
  );
}

/**
 * The page between a dangerous verb and the deed: what it does to what, named, the rows first. With `typed` the person types
 * that name; the receiver compares it with `isTyped` again.
 */
export function ConfirmPage(props: {
  title: string;
  action: string;
  back: string;
  button: string;
  danger?: boolean;
  typed?: string | undefined;
  error?: string | undefined;
  children: Child;
}) {
  return (
    <>
      <h1>{props.title}</h1>
      <PostForm action={props.action}>
        {props.children}
        {props.typed === undefined ? null : (
          <div class="field">
            <label for="f-confirm">
              Type <strong>{props.typed}</strong> to confirm
            </label>
            <input
              id="f-confirm"
              name="confirm"
              type="text"
              autocomplete="off"
              required
              aria-invalid={props.error === undefined ? undefined : 'true'}
              aria-describedby={props.error === undefined ? undefined : 'e-confirm'}
            />
            {props.error === undefined ? null : (
              <small id="e-confirm" class="bad">
                {props.error}
              </small>
            )}
          </div>
        )}
        <div class="actions">
          <button type="submit" class={props.danger === true ? 'danger' : ''}>
            {props.button}
          </button>
          <To to={props.back}>Back, change nothing</To>
        </div>
      </PostForm>
    </>
  );
}

export const isTyped = (given: string | undefined, expected: string): boolean => (given ?? '').trim() === expected;

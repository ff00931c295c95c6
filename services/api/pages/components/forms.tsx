/** Forms that work without scripts. What changes something is a POST with the page's token. */
import type { Child } from 'hono/jsx';
import { useView } from '../view.ts';

export function PostForm(props: { action: string; class?: string; children: Child }) {
  const { base, token } = useView();
  return (
    <form method="post" action={base + props.action} class={props.class}>
      {token === '' ? null : <input type="hidden" name="form" value={token} />}
      {props.children}
    </form>
  );
}

export type ButtonKind = 'primary' | 'secondary' | 'danger';

/** One verb. `id` keeps the focus on it when the part around it is refreshed. */
export function PostButton(props: {
  action: string;
  id: string;
  kind?: ButtonKind;
  fields?: Readonly<Record<string, string | number>>;
  children: Child;
}) {
  return (
    <PostForm action={props.action} class="inline">
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={String(value)} />
      ))}
      <button type="submit" id={props.id} class={`small ${props.kind ?? 'secondary'}`}>
        {props.children}
      </button>
    </PostForm>
  );
}

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly value?: string | undefined;
  readonly error?: string | undefined;
  readonly hint?: Child | undefined;
  readonly required?: boolean | undefined;
}

export function Field(
  props: FieldProps & { type?: string; autocomplete?: string; placeholder?: string; min?: number; max?: number },
) {
  const { name, error, hint } = props;
  return (
    <div class="field">
      <label for={`f-${name}`}>{props.label}</label>
      <input
        id={`f-${name}`}
        name={name}
        type={props.type ?? 'text'}
        value={props.value}
        required={props.required === true}
        autocomplete={props.autocomplete ?? 'off'}
        placeholder={props.placeholder}
        min={props.min}
        max={props.max}
        aria-invalid={error === undefined ? undefined : 'true'}
        aria-describedby={describedBy(name, error, hint)}
      />
      <FieldNotes name={name} error={error} hint={hint} />
    </div>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Select(props: FieldProps & { options: readonly Option[] }) {
  const { name, error, hint } = props;
  return (
    <div class="field">
      <label for={`f-${name}`}>{props.label}</label>
      <select
        id={`f-${name}`}
        name={name}
        aria-invalid={error === undefined ? undefined : 'true'}
        aria-describedby={describedBy(name, error, hint)}
      >
        {props.options.map(({ value, label }) => (
          <option value={value} selected={value === props.value}>
            {label}
          </option>
        ))}
      </select>
      <FieldNotes name={name} error={error} hint={hint} />
    </div>
  );
}

/** Sends "1" or nothing at all, as a box does. */
export function Check(props: { label: string; name: string; checked: boolean; hint?: Child }) {
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          name={props.name}
          value="1"
          checked={props.checked}
          aria-describedby={describedBy(props.name, undefined, props.hint)}
        />{' '}
        {props.label}
      </label>
      <FieldNotes name={props.name} hint={props.hint} error={undefined} />
    </div>
  );
}

function describedBy(name: string, error: string | undefined, hint: Child | undefined): string | undefined {
  const ids = [...(error === undefined ? [] : [`e-${name}`]), ...(hint === undefined ? [] : [`h-${name}`])];
  return ids.length === 0 ? undefined : ids.join(' ');
}

function FieldNotes({ name, error, hint }: Pick<FieldProps, 'name' | 'error' | 'hint'>) {
  return (
    <>
      {error === undefined ? null : (
        <small id={`e-${name}`} class="bad">
          {error}
        </small>
      )}
      {hint === undefined ? null : <small id={`h-${name}`}>{hint}</small>}
    </>
  );
}

/** Filters live in the address: a GET form. Its own fields are given as children; what is empty filters nothing. */
export function FilterForm({ children, label = 'Filter' }: { children: Child; label?: string }) {
  const { base, here } = useView();
  const [path = '/', query = ''] = here.split('?', 2);
  return (
    <form method="get" action={base + path} class="filters" aria-label={label}>
      {children}
      <div class="actions">
        <button type="submit" class="small">
          Apply
        </button>
        {query === '' ? null : <a href={base + path}>Clear</a>}
      </div>
    </form>
  );
}

/** API keys: made, shown once, revoked (S1). */
import { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '../../../shared/kernel/errors.ts';
import { createApiKey, revokeApiKey } from '../../../shared/replication/doors/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, type GateContext, type GateVariables } from '../gate/visitor.ts';
import { idOf, text } from '../input.ts';
import { loadKeys, type PresentedKey } from '../presenters/keys.ts';
import { act, formOf, type FormValues } from './actions.ts';
import { Badge } from './components/badge.tsx';
import { Field, PostButton, PostForm, Select } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

const newKey = z.strictObject({ name: text(100).trim().min(1, 'must not be empty'), scope: z.enum(['read', 'full']) });
const SCOPES = [
  { value: 'read', label: 'read only' },
  { value: 'full', label: 'everything' },
];

interface KeysProps {
  readonly keys: readonly PresentedKey[];
  readonly errors: FormValues;
  readonly values: FormValues;
  /** Shown once. */
  readonly secret: string | null;
}

export function keysPage(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  const show = async (c: GateContext, more: Partial<KeysProps> = {}) => {
    const props = { errors: {}, values: {}, secret: null, ...more, keys: await loadKeys(deps) };
    const status = Object.keys(props.errors).length === 0 ? 200 : 422;
    return renderPage(c, deps, { title: 'API keys', nav: 'settings', status }, <KeysView {...props} />);
  };
  routes.get('/settings/keys', (c) => show(c));
  routes.post('/settings/keys', async (c) => {
    const given = await formOf(c, newKey);
    if (!given.ok) return show(c, given);
    const createdBy = actorOf(c);
    try {
      const { key, secret } = await createApiKey(deps.db, { ...given.data, createdBy });
      deps.log.info(`API key "${key.name}" (${key.scope}) was made by ${createdBy}.`);
      return await show(c, { secret });
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'key_name_taken') throw thrown;
      return show(c, { errors: { name: thrown.message }, values: given.values });
    }
  });
  routes.post('/settings/keys/:id/revoke', (c) =>
    act(c, deps, '/settings/keys', async () => {
      const key = await revokeApiKey(deps.db, idOf(c));
      deps.log.info(`API key "${key.name}" was revoked.`);
      return `1 key was revoked: "${key.name}" opens nothing any more.`;
    }),
  );
  return routes;
}

function KeysView({ keys, errors, values, secret }: KeysProps) {
  return (
    <>
      <h1>API keys</h1>
      <p>
        For programs: <code>Authorization: Bearer pngxk_...</code> <To to="/settings">Back to the settings</To>
      </p>
      {secret === null ? null : (
        <div class="note good" role="status">
          <p>This is the new key. Copy it now: nobody can see it again.</p>
          <pre>{secret}</pre>
        </div>
      )}
      <PostForm action="/settings/keys">
        <Field label="Name" name="name" value={values['name']} error={errors['name']} hint="What it is for." required />
        <Select label="What it may do" name="scope" value={values['scope']} error={errors['scope']} options={SCOPES} />
        <button type="submit" class="small">
          Make a key
        </button>
      </PostForm>
      <h2>Keys so far</h2>
      {keys.length === 0 ? (
        <Empty>None yet. Each key is listed here with its last use; the key itself is not kept.</Empty>
      ) : (
        <KeyTable keys={keys} />
      )}
    </>
  );
}

function KeyTable({ keys }: { keys: readonly PresentedKey[] }) {
  return (
    <Table columns={['Name', 'Begins with', 'May', 'Made', 'Last used', 'State']}>
      {keys.map((key) => (
        <tr>
          <td data-label="Name">{key.name}</td>
          <td data-label="Begins with">
            <code>{key.hint}</code>
          </td>
          <td data-label="May">{key.scope === 'full' ? 'everything' : 'read only'}</td>
          <td data-label="Made">
            <Time at={key.created_at} />
            <small>by {key.created_by}</small>
          </td>
          <td data-label="Last used">
            <Time at={key.last_used_at} />
          </td>
          <td data-label="State">
            {key.revoked_at === null ? (
              <PostButton action={`/settings/keys/${key.id}/revoke`} id={`revoke-${key.id}`} kind="danger">
                Revoke
              </PostButton>
            ) : (
              <Badge tone="calm">revoked</Badge>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** The description of the API as a page: the document that programs read, for people. */
import type { ApiDocument } from '../openapi.ts';

type Paths = NonNullable<ApiDocument['paths']>;
type Operation = NonNullable<Paths[string]['get']>;
type Schema = Readonly<Record<string, unknown>>;
interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export function ApiPage({ document }: { document: ApiDocument }) {
  const entries = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method): Entry[] => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }];
    }),
  );
  const groups = Map.groupBy(entries, ({ operation }) => operation.tags?.[0] ?? 'Other');
  return (
    <>
      <h1>API</h1>
      <p>{document.info.description}</p>
      <p>
        <a href="openapi.json">The same as OpenAPI {document.openapi}</a>, for programs that make clients of it.
      </p>
      {[...groups].map(([name, operations]) => (
        <section>
          <h2>{name}</h2>
          {operations.map((entry) => (
            <OperationPart {...entry} />
          ))}
        </section>
      ))}
      <h2>Shapes</h2>
      {Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => (
        <details id={name}>
          <summary>{name}</summary>
          <pre>{JSON.stringify(schema, null, 1)}</pre>
        </details>
      ))}
    </>
  );
}

function OperationPart({ method, path, operation }: Entry) {
  const { parameters = [], requestBody, responses = {} } = operation;
  const body = contentOf(requestBody)['application/json'];
  return (
    <details id={operation.operationId}>
      <summary>
        <code>
          {method} {path}
        </code>{' '}
        {operation.summary}
      </summary>
      <ul>
        {parameters.map((parameter) =>
          '$ref' in parameter ? null : (
            <li>
              <code>{parameter.name}</code> in the {parameter.in}
              {parameter.required === true ? '' : ', optional'}: <Shape schema={parameter.schema as Schema} />
            </li>
          ),
        )}
        {body === undefined ? null : (
          <li>
            Body: <Shape schema={body} />
          </li>
        )}
        {Object.entries(responses).map(([status, response]) => (
          <li>
            {status}: {String((response as Schema)['description'])}{' '}
            {Object.entries(contentOf(response)).map(([type, schema]) => (
              <>
                {type} <Shape schema={schema} />{' '}
              </>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A link to a shape that has a name; others in full. */
function Shape({ schema }: { schema: Schema }) {
  const name = typeof schema['$ref'] === 'string' ? schema['$ref'].split('/').at(-1) : undefined;
  return name === undefined ? <code>{JSON.stringify(schema)}</code> : <a href={`#${name}`}>{name}</a>;
}

function contentOf(part: unknown): Readonly<Record<string, Schema>> {
  const content = (part as { content?: Record<string, { schema?: Schema }> } | undefined)?.content ?? {};
  return Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, schema ?? {}]));
}

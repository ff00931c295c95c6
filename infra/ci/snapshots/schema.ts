/** The schema as PostgreSQL understood the migrations, read from its catalogue. */
import pg from 'pg';

interface Column {
  readonly table: string;
  readonly line: string;
}
interface Named {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** kysely_migration and its lock are the library's own. */
const OURS = `relation.relnamespace = 'public'::regnamespace and relation.relname not like 'kysely%'`;

const COLUMNS = `
  select relation.relname as table,
    attribute.attname || ' ' || format_type(attribute.atttypid, attribute.atttypmod)
      || case when attribute.attnotnull then ' not null' else '' end
      || case attribute.attidentity when 'a' then ' generated always as identity' else '' end
      || case
        when attribute.attgenerated = 's' then ' generated always as (' || pg_get_expr(fallback.adbin, fallback.adrelid) || ') stored'
        when fallback.adbin is not null then ' default ' || pg_get_expr(fallback.adbin, fallback.adrelid)
        else '' end as line
  from pg_class relation
  join pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum > 0 and not attribute.attisdropped
  left join pg_attrdef fallback on fallback.adrelid = relation.oid and fallback.adnum = attribute.attnum
  where relation.relkind = 'r' and ${OURS}
  order by relation.relname, attribute.attnum`;

/** Not null is said with the column. */
const CONSTRAINTS = `
  select relation.relname as table, rule.conname as name, pg_get_constraintdef(rule.oid) as definition
  from pg_constraint rule join pg_class relation on relation.oid = rule.conrelid
  where rule.contype <> 'n' and ${OURS}
  order by relation.relname, rule.contype desc, rule.conname`;

/** Those that stand for a constraint are said with it. */
const INDEXES = `
  select relation.relname as table, entry.relname as name, pg_get_indexdef(entry.oid) as definition
  from pg_index index
  join pg_class entry on entry.oid = index.indexrelid
  join pg_class relation on relation.oid = index.indrelid
  where ${OURS} and not exists (select 1 from pg_constraint rule where rule.conindid = entry.oid)
  order by relation.relname, entry.relname`;

const SEQUENCES = `
  select relation.relname as table, relation.relname as name, format_type(sequence.seqtypid, null) as definition
  from pg_sequence sequence join pg_class relation on relation.oid = sequence.seqrelid
  where ${OURS} and not exists (select 1 from pg_depend owned where owned.objid = relation.oid and owned.deptype in ('a', 'i'))
  order by relation.relname`;

const FUNCTIONS = `
  select proname as table, proname as name, pg_get_functiondef(oid) as definition
  from pg_proc where pronamespace = 'public'::regnamespace
    -- Of infra/postgres/roles.sql, not of a migration.
    and proname <> 'pngx_grant_runtime'
    and not exists (select 1 from pg_depend part where part.objid = pg_proc.oid and part.deptype = 'e')
  order by proname`;

const TRIGGERS = `
  select relation.relname as table, trigger.tgname as name, pg_get_triggerdef(trigger.oid) as definition
  from pg_trigger trigger join pg_class relation on relation.oid = trigger.tgrelid
  where not trigger.tgisinternal and ${OURS}
  order by relation.relname, trigger.tgname`;

export async function schemaDump(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const read = async <T extends pg.QueryResultRow>(text: string) => (await client.query<T>(text)).rows;
    const [columns, constraints] = [await read<Column>(COLUMNS), await read<Named>(CONSTRAINTS)];
    const [indexes, sequences] = [await read<Named>(INDEXES), await read<Named>(SEQUENCES)];
    const [functions, triggers] = [await read<Named>(FUNCTIONS), await read<Named>(TRIGGERS)];
    const parts = ['-- The schema after all migrations. What each column means stands in shared/db/migrations/.'];
    parts.push(...sequences.map(({ name, definition }) => `create sequence ${name} as ${definition};`));
    parts.push(...functions.map(({ definition }) => `${definition.replaceAll('public.', '').trimEnd()};`));
    for (const table of new Set(columns.map((column) => column.table))) {
      const of = <T extends { table: string }>(rows: readonly T[]) => rows.filter((row) => row.table === table);
      const lines = [
        ...of(columns).map(({ line }) => `  ${line}`),
        ...of(constraints).map(({ name, definition }) => `  constraint ${name} ${definition}`),
      ];
      parts.push(`create table ${table} (\n${lines.join(',\n')}\n);`);
      const own = [...of(indexes), ...of(triggers)].map(
        ({ definition }) => `${definition.replace(' ON public.', ' ON ')};`,
      );
      if (own.length > 0) parts.push(own.join('\n'));
    }
    return `${parts.join('\n\n')}\n`;
  } finally {
    await client.end();
  }
}

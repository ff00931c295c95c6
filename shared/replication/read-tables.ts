/** The pairs of ids that the last run settled, read without any write (E5). */
import * as taxonomyRepo from '../db/taxonomy.repo.ts';
import type { Db, Replica } from '../db/tables.ts';
import type { TranslationTables, FieldMapping } from '../domain/translate/tables.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import type { Principal, TaxonomyKind } from '../domain/model.ts';

export interface TaxonomySource {
  readonly db: Db;
  readonly replica: Pick<Replica, 'id' | 'unknown_owner' | 'restore_held_back' | 'deletion_mode'>;
  readonly reader: PaperlessReader;
  readonly writer: PaperlessReader;
  readonly signal?: AbortSignal | undefined;
  readonly now: Date;
}
export async function readTables(source: TaxonomySource, tokenUser: number): Promise<TranslationTables> {
  const links = await taxonomyRepo.taxonomyLinks(source.db, source.replica.id);
  const of = (kind: string) =>
    new Map(
      links
        .filter((l) => l.kind === kind && l.replica_obj_id !== null)
        .map((l) => [l.master_id, l.replica_obj_id as number]),
    );
  const [mu, mg, ru, rg, mf, rf, tags] = await Promise.all([
    source.reader.users(),
    source.reader.groups(),
    source.writer.users(),
    source.writer.groups(),
    source.reader.customFields(),
    source.writer.customFields(),
    source.writer.taxonomy('tag'),
  ]);
  const by = (a: readonly Principal[], b: readonly Principal[]) =>
    new Map(a.flatMap(({ id, name }) => b.filter((x) => x.name === name).map((x) => [id, x.id] as [number, number])));
  const fields = new Map<number, FieldMapping>(
    mf.flatMap((f) => {
      const r = rf.find((x) => x.name === f.name);
      return r
        ? ([
            [
              f.id,
              {
                replicaId: r.id,
                name: f.name,
                dataType: f.dataType,
                options: new Map(
                  f.selectOptions.flatMap((o) =>
                    r.selectOptions.filter((p) => p.label === o.label).map((p) => [o.id, p.id] as [string, string]),
                  ),
                ),
              },
            ],
          ] as [number, FieldMapping][])
        : [];
    }),
  );
  const taxonomy = {
    tag: of('tag'),
    correspondent: of('correspondent'),
    document_type: of('document_type'),
    storage_path: of('storage_path'),
  } as Record<TaxonomyKind, Map<number, number>>;
  return {
    taxonomy,
    fields,
    unmapped: new Map(),
    users: by(mu, ru),
    groups: by(mg, rg),
    userNames: new Map(mu.map((u) => [u.id, u.name])),
    groupNames: new Map(mg.map((u) => [u.id, u.name])),
    tokenUser,
    tagParents: new Map(tags.map((t) => [t.id, t.parent])),
  } as TranslationTables;
}

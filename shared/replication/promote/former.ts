/** The old master must not slip back in as a source, or as a replica whose changes are written over unseen (E27). */
import { formerMasters, sampleOfFormer } from '../../db/promotions.repo.ts';
import type { Db } from '../../db/tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { AppError } from '../../kernel/errors.ts';
import type { PaperlessReader } from '../../paperless/api.ts';

const SAMPLE = 50;

/** By its address, or by its documents at another one. `except`: the promotion whose old master is being taken back. */
export async function refuseFormerMaster(
  db: Db,
  { url, reader, field }: { readonly url: string; readonly reader: PaperlessReader; readonly field: string },
  except: number | null,
  signal?: AbortSignal,
): Promise<void> {
  for (const promotion of await formerMasters(db)) {
    if (promotion.id === except) continue;
    if (promotion.old_master_url !== url && !(await shows(db, promotion.id, reader, signal))) continue;
    throw new AppError({
      code: 'former_master',
      class: 'conflict',
      status: 409,
      message: `This is the master of before promotion ${promotion.id}, when "${promotion.replica_name}" took over.`,
      hint: `What was changed there since would be lost or come back unseen: POST /api/promotions/${promotion.id}/readmit takes it back as a replica. It can be promoted again then.`,
      fields: { [field]: 'is the master of before a promotion' },
    });
  }
}

/** All of a sample: a clone shows them as well, and needs the same care. */
async function shows(
  db: Db,
  promotionId: number,
  reader: PaperlessReader,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const sample = await sampleOfFormer(db, promotionId, SAMPLE);
  if (sample.length === 0) return false;
  const read = await reader.identities(
    sample.map((known) => known.old_doc_id),
    signal,
  );
  const added = new Map(read.map((row) => [row.id, row.added]));
  return sample.every((known) => {
    const now = added.get(known.old_doc_id);
    return now !== undefined && checkIdentity(known.old_added, now) === 'same';
  });
}

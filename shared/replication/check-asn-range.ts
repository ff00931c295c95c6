/** The reserved archive serial numbers must be ours alone: they decide whether an upload arrived (protocol section 1). */
import { AppError } from '../kernel/errors.ts';
import type { PaperlessReader, ReservedRow } from '../paperless/api.ts';

export type OwnUpload = (row: ReservedRow) => boolean;

export async function checkAsnRange(
  { master, replica }: { readonly master: PaperlessReader; readonly replica: PaperlessReader },
  asnBase: number,
  isOwnUpload: OwnUpload,
  signal?: AbortSignal,
): Promise<void> {
  const onMaster = await master.reserved(asnBase, signal);
  if (onMaster.length > 0) throw rangeTaken('master', onMaster, asnBase);
  const foreign = (await replica.reserved(asnBase, signal)).filter((row) => !isOwnUpload(row));
  if (foreign.length > 0) throw rangeTaken('replica', foreign, asnBase);
}

function rangeTaken(side: 'master' | 'replica', rows: readonly ReservedRow[], asnBase: number): AppError {
  const some = rows.slice(0, 3).map((row) => `#${row.id}`);
  return new AppError({
    code: 'asn_range_in_use',
    class: 'config',
    scope: 'instance',
    message:
      `${rows.length} document(s) on the ${side} use archive serial numbers from ${asnBase} on ` +
      `(${some.join(', ')}${rows.length > some.length ? ', ...' : ''}).`,
    hint: 'Give these documents smaller numbers, or choose another asn_base.',
  });
}

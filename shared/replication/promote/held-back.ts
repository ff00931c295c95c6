/** Matching rules and inbox flags were held back while the instance was a replica (E5); as the master it files by itself. */
import type { StoredLink } from '../../domain/taxonomy/vocabulary.ts';
import { TAXONOMY_KINDS, type TaxonomyKind, type TaxonomyObject } from '../../domain/model.ts';
import { toAppError } from '../../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from '../../paperless/api.ts';

export interface HeldBackObject {
  readonly kind: TaxonomyKind;
  readonly id: number;
  readonly name: string;
  readonly matching_algorithm: number;
  readonly is_inbox_tag: boolean;
}

/** What differs from what was held back: repeated, it finds less and less. */
export async function heldBackOn(
  reader: PaperlessReader,
  links: readonly StoredLink[],
  signal?: AbortSignal,
): Promise<HeldBackObject[]> {
  const found: HeldBackObject[] = [];
  for (const kind of TAXONOMY_KINDS) {
    const wanted = links.filter((link) => link.kind === kind && link.state === 'linked' && link.heldBack !== null);
    if (wanted.length === 0) continue;
    const objects = new Map((await reader.taxonomy(kind, signal)).map((object) => [object.id, object]));
    for (const link of wanted) {
      const object = objects.get(link.replicaId ?? 0);
      if (object && differs(object, link)) found.push(heldBack(kind, object, link));
    }
  }
  return found;
}

const inboxOf = (kind: TaxonomyKind, link: StoredLink) => kind === 'tag' && (link.heldBack?.is_inbox_tag ?? false);

function differs(object: TaxonomyObject, link: StoredLink): boolean {
  if (object.matchingAlgorithm !== link.heldBack?.matching_algorithm) return true;
  return object.kind === 'tag' && object.isInboxTag !== inboxOf(object.kind, link);
}

function heldBack(kind: TaxonomyKind, object: TaxonomyObject, link: StoredLink): HeldBackObject {
  const matching = link.heldBack?.matching_algorithm ?? 0;
  return {
    kind,
    id: object.id,
    name: object.name,
    matching_algorithm: matching,
    is_inbox_tag: inboxOf(kind, link),
  };
}

/** Absolute values: to be repeated at will. A value that the instance refuses is named, and stops nothing. */
export async function restoreHeldBack(
  writer: PaperlessWriter,
  links: readonly StoredLink[],
  signal?: AbortSignal,
): Promise<{ readonly restored: number; readonly refused: readonly string[] }> {
  const refused: string[] = [];
  const objects = await heldBackOn(writer, links, signal);
  for (const { kind, id, name, matching_algorithm, is_inbox_tag } of objects) {
    const body = kind === 'tag' ? { matching_algorithm, is_inbox_tag } : { matching_algorithm };
    try {
      await writer.patchTaxonomy(kind, id, body, signal);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'invalid' && error.code !== 'object_forbidden' && error.class !== 'not-found') throw thrown;
      refused.push(`${kind.replaceAll('_', ' ')} "${name}": ${error.message}`);
    }
  }
  return { restored: objects.length - refused.length, refused };
}

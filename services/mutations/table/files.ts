import { type Kind, type Step, step } from '../kind.ts';

const ontoV3 = (name: string, prepare: Step['prepare']): Step => ({ ...step(name, prepare), ontoV3: true });

/** 19-21 and 27: text, files and versions. */
export const fileKinds: readonly Kind[] = [
  {
    number: 19,
    title: 'content edited',
    steps: [
      step('edited', async (on) => {
        const id = await on.document();
        return { mutate: () => on.patch(id, { content: `${on.label}: words that somebody corrected by hand.` }) };
      }),
    ],
  },
  {
    number: 20,
    title: 'reprocessed',
    steps: [
      step('reprocessed', async (on) => {
        const content = `${on.label}: words that reading the file again takes away.`;
        const id = await on.document();
        await on.patch(id, { content });
        return {
          mutate: async () => {
            await on.bulk([id], 'reprocess', {});
            await on.untilIs(id, 'the text of the file', (document) => document.content !== content);
          },
        };
      }),
    ],
  },
  {
    number: 21,
    title: 'version added, deleted, restored',
    onlyV3: true,
    steps: [
      step('added', async (on) => {
        const id = await on.document();
        return { mutate: () => on.version(id, 'the second one', 'second') };
      }),
      step('several', async (on) => {
        const id = await on.document();
        await on.version(id, 'the second one', 'second');
        return {
          mutate: async () => {
            await on.version(id, 'the third one', 'third');
            await on.version(id, 'the fourth one', 'fourth');
          },
        };
      }),
      step('deleted', async (on) => {
        const id = await on.document();
        const version = await on.version(id, 'the second one', 'second');
        return { mutate: () => on.forgetVersion(id, version) };
      }),
      step('restored', async (on) => {
        const id = await on.document();
        const version = await on.version(id, 'the second one', 'second');
        return {
          between: () => on.forgetVersion(id, version),
          mutate: () => on.trashAction('restore', [version]),
        };
      }),
      ontoV3('inserted', async (on) => {
        const id = await on.document();
        const version = await on.version(id, 'the second one', 'second');
        await on.version(id, 'the third one', 'third');
        await on.forgetVersion(id, version);
        // It takes its old place, before the third, which has been carried over by then.
        return { mutate: () => on.trashAction('restore', [version]) };
      }),
    ],
  },
  {
    number: 27,
    title: 'merged, split, rotated, pages deleted, PDF edited',
    steps: [
      step('merged', async (on) => {
        const ids = [await on.pdf(1, 'a'), await on.pdf(2, 'b')];
        return {
          mutate: async () => {
            await on.bulk(ids, 'merge', { metadata_document_id: ids[0], delete_originals: false });
            await on.untilDocuments(3);
          },
        };
      }),
      step('replaced', async (on) => {
        const ids = [await on.pdf(1, 'a', { archive_serial_number: on.asn() }), await on.pdf(1, 'b')];
        return {
          mutate: async () => {
            await on.bulk(ids, 'merge', { metadata_document_id: ids[0], delete_originals: true });
            await on.untilDocuments(1);
          },
        };
      }),
      step('split', async (on) => {
        const id = await on.pdf(3);
        return {
          mutate: async () => {
            await on.bulk([id], 'split', { pages: '1,2-3' });
            await on.untilDocuments(3);
          },
        };
      }),
      step('rotated', async (on) => {
        const id = await on.pdf(2);
        return { mutate: () => on.rebuild(id, 'rotate', { degrees: 90 }) };
      }),
      step('shortened', async (on) => {
        const id = await on.pdf(3);
        return { mutate: () => on.rebuild(id, 'delete_pages', { pages: [2] }) };
      }),
      step('edited', async (on) => {
        const id = await on.pdf(2);
        const operations = [{ page: 2 }, { page: 1, rotate: 90 }];
        return { mutate: () => on.rebuild(id, 'edit_pdf', { operations, update_document: true }) };
      }),
      step('extracted', async (on) => {
        const id = await on.pdf(2);
        return {
          mutate: async () => {
            await on.bulk([id], 'edit_pdf', { operations: [{ page: 2 }], update_document: false });
            await on.untilDocuments(2);
          },
        };
      }),
    ],
  },
];

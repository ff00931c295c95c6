import { describe, expect, it } from 'vitest';
import type { InstanceFacts, KnownFacts, WorkflowFacts } from '../../../shared/domain/hygiene/facts.ts';
import { masterFindings, replicaFindings, unreachableFinding } from '../../../shared/domain/hygiene/findings.ts';

const GIB = 1024 ** 3;
const CLEAN: InstanceFacts = {
  generation: 'v3',
  version: '3.0.5',
  clockOffsetMs: 400,
  rights: { username: 'sync', isSuperuser: true, isStaff: true, permissions: [], trashDelayDays: 30 },
  matchers: [
    { kind: 'tag', name: 'plain', algorithm: 0, match: 'words', isInboxTag: false },
    { kind: 'tag', name: 'empty', algorithm: 1, match: ' ', isInboxTag: false },
  ],
  workflows: [{ name: 'off', enabled: false, effects: ['title'] }],
  mailRules: [{ name: 'off', enabled: false }],
  config: { ocrMode: null, archiveMode: null, barcodesSplit: false, barcodeAsn: false, barcodeTags: false },
  status: { storageTotal: 500 * GIB, storageAvailable: 400 * GIB, broken: [] },
  unread: [],
};
/** Every right that a reader needs, so that only the missing superuser shows. */
const KNOWN: KnownFacts = { asnFence: true, refusedDuplicates: 0 };
const workflow = (...effects: WorkflowFacts['effects']): Partial<InstanceFacts> => ({
  workflows: [{ name: 'flow', enabled: true, effects }],
});
const rights = (more: Partial<NonNullable<InstanceFacts['rights']>>): Partial<InstanceFacts> => ({
  rights: { username: 'sync', isSuperuser: true, isStaff: true, permissions: [], trashDelayDays: 30, ...more },
});
const config = (more: Partial<NonNullable<InstanceFacts['config']>>): Partial<InstanceFacts> => ({
  config: { ocrMode: null, archiveMode: null, barcodesSplit: false, barcodeAsn: false, barcodeTags: false, ...more },
});
const status = (more: Partial<NonNullable<InstanceFacts['status']>>): Partial<InstanceFacts> => ({
  status: { storageTotal: 500 * GIB, storageAvailable: 400 * GIB, broken: [], ...more },
});
const look = (facts: Partial<InstanceFacts>, known: Partial<KnownFacts> = {}) =>
  replicaFindings({ ...CLEAN, ...facts }, { ...KNOWN, ...known }, CLEAN);

describe('findings about a replica', () => {
  it('are none where everything is as it should be', () => {
    expect(look({})).toEqual([]);
    expect(masterFindings(CLEAN)).toEqual([]);
  });

  it.each<[string, string, Partial<InstanceFacts>]>([
    ['user_not_superuser', 'danger', rights({ isSuperuser: false, permissions: [] })],
    ['rights_missing', 'danger', rights({ isSuperuser: false, permissions: ['view_document'] })],
    ['user_not_staff', 'warning', rights({ isStaff: false })],
    ['trash_delay_short', 'warning', rights({ trashDelayDays: 1 })],
    ['barcode_asn', 'danger', config({ barcodeAsn: true })],
    ['barcode_split', 'danger', config({ barcodesSplit: true })],
    ['barcode_tags', 'warning', config({ barcodeTags: true })],
    ['barcodes_unknown', 'info', config({ barcodeAsn: null })],
    ['ocr_differs', 'info', config({ ocrMode: 'off' })],
    ['workflow_endangers_uploads', 'danger', workflow('title')],
    ['workflow_endangers_uploads', 'danger', workflow('owner', 'webhook')],
    ['workflow_endangers_uploads', 'danger', workflow('tags')],
    ['workflow_endangers_uploads', 'danger', workflow('trash')],
    ['workflow_changes_documents', 'warning', workflow('correspondent')],
    ['workflow_enabled', 'info', workflow('webhook', 'e-mail')],
    ['workflow_enabled', 'info', workflow()],
    ['mail_rules_enabled', 'danger', { mailRules: [{ name: 'all', enabled: true }] }],
    ['inbox_tags', 'warning', { matchers: [{ kind: 'tag', name: 'new', algorithm: 0, match: '', isInboxTag: true }] }],
    [
      'automatic_matching',
      'warning',
      { matchers: [{ kind: 'correspondent', name: 'bank', algorithm: 1, match: 'bank', isInboxTag: false }] },
    ],
    [
      'automatic_matching',
      'warning',
      { matchers: [{ kind: 'document_type', name: 'learned', algorithm: 6, match: '', isInboxTag: false }] },
    ],
    ['twins_refused', 'info', { generation: 'v2', version: '2.20.15' }],
    ['generations_differ', 'warning', { generation: 'v2', version: '2.20.15' }],
    ['versions_differ', 'info', { version: '3.0.6' }],
    ['clock_differs', 'warning', { clockOffsetMs: -90_000 }],
    ['storage_low', 'warning', status({ storageAvailable: 4 * GIB })],
    ['storage_low', 'danger', status({ storageAvailable: GIB / 2 })],
    ['instance_unwell', 'danger', status({ broken: ['task workers'] })],
    [
      'part_unread',
      'warning',
      { workflows: null, unread: [{ part: 'workflows', code: 'list_forbidden', why: 'No.' }] },
    ],
    ['proxy_in_front', 'danger', { status: null, unread: [{ part: 'status', code: 'redirected', why: 'Elsewhere.' }] }],
  ])('name %s (%s), with a cure', (code, severity, facts) => {
    const found = look(facts).find((finding) => finding.code === code);
    expect(found).toMatchObject({ code, severity });
    expect(found?.fix).toMatch(/^[A-Z].+\.$/);
  });

  it('name what the controller has seen there itself', () => {
    expect(look({}, { asnFence: false })).toMatchObject([{ code: 'asn_fence_off', severity: 'danger' }]);
    expect(look({}, { refusedDuplicates: 3 })).toMatchObject([{ code: 'duplicates_refused', severity: 'warning' }]);
  });

  it('come with the worst first, and name five objects at most', () => {
    const tags = Array.from({ length: 8 }, (_, at) => ({
      kind: 'tag' as const,
      name: `t${at}`,
      algorithm: 0,
      match: '',
      isInboxTag: true,
    }));
    const found = look({ version: '3.1.0', matchers: tags, ...workflow('trash') });
    expect(found.map(({ severity }) => severity)).toEqual(['danger', 'warning', 'info']);
    expect(found[1]?.what).toContain('"t4" and 3 more');
  });

  it('compare nothing with a master that cannot be read', () => {
    expect(replicaFindings({ ...CLEAN, version: '3.1.0', ...config({ ocrMode: 'off' }) }, KNOWN, null)).toEqual([]);
  });
});

describe('findings about a master', () => {
  it('leave out what only matters where documents are written', () => {
    const busy: InstanceFacts = {
      ...CLEAN,
      ...workflow('title'),
      ...config({ barcodeAsn: true }),
      mailRules: [{ name: 'all', enabled: true }],
      matchers: [{ kind: 'tag', name: 'new', algorithm: 1, match: 'x', isInboxTag: true }],
    };
    expect(masterFindings(busy)).toEqual([]);
  });

  it('say that a user who is no superuser leaves documents out', () => {
    const found = masterFindings({ ...CLEAN, ...rights({ isSuperuser: false, isStaff: false }) });
    expect(found.map(({ code }) => code)).toEqual(['user_not_superuser', 'rights_missing', 'user_not_staff']);
    expect(found[0]?.what).toContain('left out');
  });
});

describe('an instance that cannot be looked at', () => {
  it('is said to have a proxy in front where a page or a redirect came', () => {
    for (const code of ['html_instead_of_api', 'redirected'])
      expect(unreachableFinding({ code, message: 'A page.' })).toMatchObject({ code: 'proxy_in_front' });
  });

  it('keeps the code and the cure of any other error', () => {
    expect(unreachableFinding({ code: 'token_refused', message: 'Refused.', hint: 'Enter another.' })).toEqual({
      code: 'token_refused',
      severity: 'danger',
      what: 'Refused.',
      fix: 'Enter another.',
    });
  });
});

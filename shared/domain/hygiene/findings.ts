/** Facts about an instance -> what is wrong with it for our purpose, each with its cure (E25). Pure. */
import { canMatch } from './matching.ts';
import type { ConfigFacts, Finding, InstanceFacts, KnownFacts, Severity, StatusFacts } from './facts.ts';
import { workflowFindings } from './workflows.ts';

const GIB = 1024 ** 3;
const MINUTE_MS = 60_000;

/** `master` stands beside the replica for what is compared; null while it cannot be read. */
export function replicaFindings(replica: InstanceFacts, known: KnownFacts, master: InstanceFacts | null): Finding[] {
  return bySeverity([
    ...rightsFindings(replica, 'replica'),
    ...fenceFindings(replica.config, known),
    ...workflowFindings(replica.workflows ?? []),
    ...mailFindings(replica),
    ...matchingFindings(replica),
    ...duplicateFindings(replica, known),
    ...clockFindings(replica),
    ...(master === null ? [] : comparedFindings(replica, master)),
    ...statusFindings(replica.status),
    ...trashFindings(replica, 'replica'),
    ...unreadFindings(replica),
  ]);
}

export function masterFindings(master: InstanceFacts): Finding[] {
  return bySeverity([
    ...rightsFindings(master, 'master'),
    ...clockFindings(master),
    ...statusFindings(master.status),
    ...trashFindings(master, 'master'),
    ...unreadFindings(master),
  ]);
}

const WORST: readonly Severity[] = ['danger', 'warning', 'info'];

export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => WORST.indexOf(a.severity) - WORST.indexOf(b.severity));
}

/** What a reader of the whole library needs where its user is no superuser. */
const READ_RIGHTS = [
  ...['document', 'tag', 'correspondent', 'documenttype', 'storagepath', 'customfield', 'note', 'user', 'group'],
  'uisettings',
].map((model) => `view_${model}`);

function rightsFindings({ rights }: InstanceFacts, role: 'master' | 'replica'): Finding[] {
  if (rights === null) return [];
  const found: Finding[] = [];
  const missing = READ_RIGHTS.filter((right) => !rights.permissions.includes(right));
  if (!rights.isSuperuser)
    found.push({
      code: 'user_not_superuser',
      severity: 'danger',
      what:
        role === 'master'
          ? `The user "${rights.username}" is not a superuser: documents that it cannot see are left out, and nothing counts as verified.`
          : `The user "${rights.username}" is not a superuser: a document that it cannot see looks deleted, and owners cannot be set.`,
      fix: 'Make this user a superuser, or enter the token of one.',
    });
  if (!rights.isSuperuser && missing.length > 0)
    found.push({
      code: 'rights_missing',
      severity: 'danger',
      what: `The user "${rights.username}" lacks the rights ${missing.join(', ')}.`,
      fix: 'Give it these rights, or make it a superuser.',
    });
  if (!rights.isStaff)
    found.push({
      code: 'user_not_staff',
      severity: 'warning',
      what: `The user "${rights.username}" is not staff: it cannot read the state of the instance${role === 'replica' ? ' nor, on 3.x, all tasks' : ''}.`,
      fix: 'Tick "staff" (admin) for this user.',
    });
  return found;
}

/** Uploads are kept from doubling by a reserved archive serial number; a barcode can replace it (protocol F11). */
function fenceFindings(config: ConfigFacts | null, known: KnownFacts): Finding[] {
  const found: Finding[] = [];
  if (!known.asnFence)
    found.push({
      code: 'asn_fence_off',
      severity: 'danger',
      what: 'A consumed document bore another archive serial number than it was sent with: an upload without an answer is not sent again for a day.',
      fix: 'Switch off barcodes for archive serial numbers on this replica (PAPERLESS_CONSUMER_ENABLE_ASN_BARCODE).',
    });
  if (config === null) return found;
  const { barcodeAsn, barcodesSplit, barcodeTags } = config;
  if (barcodeAsn === true)
    found.push({
      code: 'barcode_asn',
      severity: 'danger',
      what: 'Barcodes set the archive serial number: uploads lose the reserved number that keeps them from doubling.',
      fix: 'Switch it off under Configuration, or with PAPERLESS_CONSUMER_ENABLE_ASN_BARCODE=false.',
    });
  if (barcodesSplit === true)
    found.push({
      code: 'barcode_split',
      severity: 'danger',
      what: 'Barcodes split uploads: a copy would be silently short, its other parts documents of their own.',
      fix: 'Switch it off under Configuration, or with PAPERLESS_CONSUMER_ENABLE_BARCODES=false.',
    });
  if (barcodeTags === true)
    found.push({
      code: 'barcode_tags',
      severity: 'warning',
      what: 'Barcodes add tags to uploads; they are taken away again, but each upload is written twice.',
      fix: 'Switch it off under Configuration, or with PAPERLESS_CONSUMER_ENABLE_TAG_BARCODE=false.',
    });
  if ([barcodeAsn, barcodesSplit, barcodeTags].includes(null))
    found.push({
      code: 'barcodes_unknown',
      severity: 'info',
      what: 'What barcodes do is decided by the environment of the instance, which the API does not show.',
      fix: 'Make sure that no PAPERLESS_CONSUMER_ENABLE_..BARCODE is true, or switch them off under Configuration.',
    });
  return found;
}

function mailFindings({ mailRules }: InstanceFacts): Finding[] {
  const enabled = (mailRules ?? []).filter((rule) => rule.enabled);
  if (enabled.length === 0) return [];
  return [
    {
      code: 'mail_rules_enabled',
      severity: 'danger',
      what: `The replica fetches mail (${named(enabled)}): it may take away what the master should get, and files documents of its own.`,
      fix: 'Disable these mail rules on the replica.',
    },
  ];
}

function matchingFindings({ matchers }: InstanceFacts): Finding[] {
  const inbox = (matchers ?? []).filter((object) => object.isInboxTag);
  const active = (matchers ?? []).filter(canMatch);
  return [
    ...(inbox.length === 0
      ? []
      : [
          {
            code: 'inbox_tags',
            severity: 'warning' as const,
            what: `Uploads get inbox tags (${named(inbox)}); they are taken away again, but for a moment show in the inbox.`,
            fix: 'Clear "inbox tag" of these tags on the replica.',
          },
        ]),
    ...(active.length === 0
      ? []
      : [
          {
            code: 'automatic_matching',
            severity: 'warning' as const,
            what: `Uploads are filed by matching rules (${named(active)}); what they change is undone, but each upload is written twice.`,
            fix: 'Set the matching of these objects to "none" on the replica.',
          },
        ]),
  ];
}

function duplicateFindings({ generation }: InstanceFacts, { refusedDuplicates }: KnownFacts): Finding[] {
  if (generation === 'v2')
    return [
      {
        code: 'twins_refused',
        severity: 'info',
        what: 'Version 2.20 takes the same bytes only once: of documents with equal files only one can be copied here.',
        fix: 'Nothing, or upgrade the replica to 3.x.',
      },
    ];
  if (refusedDuplicates === 0) return [];
  return [
    {
      code: 'duplicates_refused',
      severity: 'warning',
      what: `The replica refused ${refusedDuplicates} document(s) as duplicates: documents with equal files cannot be copied here.`,
      fix: 'Set PAPERLESS_CONSUMER_DELETE_DUPLICATES=false on the replica, then retry these documents.',
    },
  ];
}

function clockFindings({ clockOffsetMs }: InstanceFacts): Finding[] {
  if (Math.abs(clockOffsetMs) < MINUTE_MS) return [];
  const minutes = Math.round(Math.abs(clockOffsetMs) / MINUTE_MS);
  return [
    {
      code: 'clock_differs',
      severity: 'warning',
      what: `Its clock is ${minutes} minute(s) ${clockOffsetMs > 0 ? 'ahead of' : 'behind'} the controller's.`,
      fix: 'Set both clocks by a time server (NTP).',
    },
  ];
}

function comparedFindings(replica: InstanceFacts, master: InstanceFacts): Finding[] {
  const found: Finding[] = [];
  if (replica.generation !== master.generation)
    found.push({
      code: 'generations_differ',
      severity: 'warning',
      what: `The master is ${master.version}, the replica ${replica.version}: not everything can be carried over.`,
      fix: `GET /api/fidelity?master=${master.generation}&replica=${replica.generation} lists it; upgrade the older one.`,
    });
  else if (replica.version !== master.version)
    found.push({
      code: 'versions_differ',
      severity: 'info',
      what: `The master is ${master.version}, the replica ${replica.version}.`,
      fix: 'Nothing; keep both at the same version where you can.',
    });
  if (modeOf(replica) !== modeOf(master))
    found.push({
      code: 'ocr_differs',
      severity: 'info',
      what: `Text recognition is set to ${modeOf(master)} on the master and ${modeOf(replica)} on the replica: archive files will differ. Texts are carried over.`,
      fix: 'Nothing, or set both alike under Configuration.',
    });
  return found;
}

const modeOf = ({ config }: InstanceFacts): string =>
  `${config?.ocrMode ?? 'its default'} (archive: ${config?.archiveMode ?? 'its default'})`;

function statusFindings(status: StatusFacts | null): Finding[] {
  if (status === null) return [];
  const found: Finding[] = [];
  if (status.broken.length > 0)
    found.push({
      code: 'instance_unwell',
      severity: 'danger',
      what: `The instance itself reports trouble with: ${status.broken.join(', ')}. Uploads may never be consumed.`,
      fix: "Look at the instance's own system status, and at its task workers.",
    });
  const free = status.storageAvailable;
  if (free < 5 * GIB || free < status.storageTotal / 20)
    found.push({
      code: 'storage_low',
      severity: free < GIB ? 'danger' : 'warning',
      what: `Only ${(free / GIB).toFixed(1)} GiB of ${(status.storageTotal / GIB).toFixed(1)} GiB are free.`,
      fix: 'Make room on the disk of the instance.',
    });
  return found;
}

const SHORT_TRASH_DAYS = 7;

function trashFindings({ rights }: InstanceFacts, role: 'master' | 'replica'): Finding[] {
  const days = rights?.trashDelayDays ?? null;
  if (days === null || days >= SHORT_TRASH_DAYS) return [];
  return [
    {
      code: 'trash_delay_short',
      severity: 'warning',
      what:
        role === 'master'
          ? `The trash is emptied after ${days} day(s): a deletion may be past before it is seen as one.`
          : `The trash is emptied after ${days} day(s): a deletion can be undone no longer than that.`,
      fix: `Set PAPERLESS_EMPTY_TRASH_DELAY to ${SHORT_TRASH_DAYS} days or more.`,
    },
  ];
}

function unreadFindings({ unread }: InstanceFacts): Finding[] {
  // One proxy is one finding, whatever it kept from being read.
  const proxy = unread.find(({ code }) => isProxy(code));
  const others = unread.filter(({ code }) => !isProxy(code));
  return [
    ...(proxy === undefined ? [] : [proxyFinding(proxy.why)]),
    ...others.map(({ part, why }) => ({
      code: 'part_unread',
      severity: 'warning' as const,
      what: `Not looked at: ${part}. ${why}`,
      fix: 'Use the token of a superuser who is also staff; if it is one, look again later.',
    })),
  ];
}

/** The instance could not be looked at at all. */
export function unreachableFinding(error: { code: string; message: string; hint?: string | undefined }): Finding {
  if (isProxy(error.code)) return proxyFinding(error.message);
  const { code, message: what, hint: fix = 'Check address and token with the connection test.' } = error;
  return { code, severity: 'danger', what, fix };
}

/** Something that is not paperless answered: a login page, a redirect. */
const isProxy = (code: string): boolean => code === 'html_instead_of_api' || code === 'redirected';

function proxyFinding(what: string): Finding {
  return {
    code: 'proxy_in_front',
    severity: 'danger',
    what: `A proxy with a login of its own stands in front of the API: ${what}`,
    fix: 'Let it pass /api/ without a login, or enter an address that leads past it.',
  };
}

/** Some names; a list of hundreds helps nobody. */
export function named(objects: readonly { readonly name: string }[]): string {
  const shown = objects.slice(0, 5).map(({ name }) => `"${name}"`);
  const more = objects.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

import type { Finding, WorkflowEffect, WorkflowFacts } from './facts.ts';

/** They hide or change what an upload is recognised by, or take the copy away (protocol section 1). */
const DANGEROUS: readonly WorkflowEffect[] = ['title', 'owner', 'tags', 'permissions', 'trash'];
/** They tell somebody, and leave the document as it is. */
const HARMLESS: readonly WorkflowEffect[] = ['e-mail', 'webhook'];

/** One finding a workflow: each has to be judged for itself. */
export function workflowFindings(workflows: readonly WorkflowFacts[]): Finding[] {
  return workflows.filter(({ enabled }) => enabled).map(finding);
}

function finding({ name, effects }: WorkflowFacts): Finding {
  const changes = effects.filter((effect) => !HARMLESS.includes(effect));
  if (changes.length === 0)
    return {
      code: 'workflow_enabled',
      severity: 'info',
      what: `The workflow "${name}" is enabled; it ${effects.length === 0 ? 'does nothing' : `sends (${effects.join(', ')})`} and changes no document.`,
      fix: 'Nothing; disable it where its messages are not wanted twice.',
    };
  const dangerous = changes.filter((effect) => DANGEROUS.includes(effect));
  if (dangerous.length === 0)
    return {
      code: 'workflow_changes_documents',
      severity: 'warning',
      what: `The workflow "${name}" changes ${changes.join(', ')}: what the master decided is written again, or reported as rewritten by the replica.`,
      fix: 'Disable this workflow on the replica.',
    };
  return {
    code: 'workflow_endangers_uploads',
    severity: 'danger',
    what: dangerous.includes('trash')
      ? `The workflow "${name}" moves documents to the trash: copies vanish after they were made.`
      : `The workflow "${name}" sets ${dangerous.join(', ')}: an upload whose answer is lost is harder to find again, and a field that it rewrites is never equal.`,
    fix: 'Disable this workflow on the replica.',
  };
}

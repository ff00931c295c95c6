import { EXIT } from '../../shared/config/exit-codes.ts';
import { fidelityOf } from '../../shared/domain/fidelity.ts';
import { VERSION_PAIRS } from '../../shared/domain/field-policy.ts';
import { columns, printJson, printLines } from './print.ts';

export interface FidelityOptions {
  readonly master: string | undefined;
  readonly replica: string | undefined;
  readonly json: boolean;
}

export function runFidelity({ master, replica, json }: FidelityOptions): number {
  const pairs = VERSION_PAIRS.flatMap((pair) => {
    const [from = '', to = ''] = pair.split('->');
    const wanted = (master ?? from) === from && (replica ?? to) === to;
    return wanted ? [{ master: from, replica: to, fields: fidelityOf(pair) }] : [];
  });
  if (json) printJson({ pairs });
  else for (const pair of pairs) printLines([`${pair.master} -> ${pair.replica}`, ...table(pair.fields), '']);
  return EXIT.ok;
}

const table = (fields: ReturnType<typeof fidelityOf>): string[] =>
  columns(
    fields.map(({ area, field, fidelity, reason, setting }) => [
      `  ${area === 'document' ? '' : `${area}.`}${field}`,
      fidelity.replace('_', ' '),
      `${reason}${setting === null ? '' : ` [${setting}]`}`,
    ]),
  );

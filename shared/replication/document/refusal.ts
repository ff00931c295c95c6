import type { AppError } from '../../kernel/errors.ts';

/** What a person is told of a value the replica refused; its own texts, cut, never the value. */
export function refusal(error: AppError): string {
  const texts = Object.values(error.fields ?? {});
  return texts.length === 0 ? 'refused by the replica' : `refused by the replica: ${texts.join('; ').slice(0, 200)}`;
}

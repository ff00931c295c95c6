/** The buttons that belong to a red thing: those that do something are forms, those that lead somewhere are links. */
import type { Verb } from '../../presenters/next-step.ts';
import { PostButton } from './forms.tsx';
import { To } from './links.tsx';

export function Verbs({ verbs, id }: { verbs: readonly Verb[]; id: string }) {
  return (
    <>
      {verbs.map(({ label, path, method }, at) =>
        method === 'post' ? (
          <PostButton action={path} id={`${id}-${at}`} kind={at === 0 ? 'primary' : 'secondary'}>
            {label}
          </PostButton>
        ) : (
          <To to={path} id={`${id}-${at}`}>
            {label}
          </To>
        ),
      )}
    </>
  );
}

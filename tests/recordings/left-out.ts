/** A step that is not compared, by transcript and line, and why. At most one step in twenty of what must hold. */
export interface LeftOut {
  readonly transcript: string;
  readonly line: number;
  readonly reason: string;
}

export const LEFT_OUT: readonly LeftOut[] = [];

/** Whole transcripts of what the simulator does not do yet. */
export const LATER: Readonly<Record<string, string>> = {
  admin: 'workflows, mail, saved views, exports: nothing that is synchronised depends on them',
  workflows: 'workflows and webhooks come later',
};

/** How a replica becomes the master (E27, H5): the order of the steps, and until when it can be taken back. */
export const PROMOTION_PHASES = [
  'freezing', // no run begins any more, those under way are ended
  'stopping', // every process has to say that it works on nothing of before
  'draining', // what had begun, uploads above all, is brought to its end
  'settling', // again, every process has to have stopped
  'restoring', // the last writes to the replica: held-back values of tags, numbers of unfinished uploads
  'switching', // one transaction: master, links, taxonomy
  'switched', // every process has to have read the new settings
  'done',
  'cancelled',
] as const;
export type PromotionPhase = (typeof PROMOTION_PHASES)[number];

/** From the switch on there is no way back but to promote the other one. */
export const REVOCABLE: readonly PromotionPhase[] = [
  'freezing',
  'stopping',
  'draining',
  'settling',
  'restoring',
  'switching',
];

/** A person may say that what could not be brought to its end need not be waited for. */
export const isRevocable = (phase: PromotionPhase): boolean => REVOCABLE.includes(phase);

/** What a phase means, for people. */
export const PHASE_WORDS: Readonly<Record<PromotionPhase, string>> = {
  freezing: 'Syncing stops',
  stopping: 'Every process ends its work',
  draining: 'What had begun is brought to its end',
  settling: 'Every process ends its work',
  restoring: 'The replica gets back what was held back',
  switching: 'Master and links are switched',
  switched: 'Every process reads the new settings',
  done: 'Done',
  cancelled: 'Cancelled',
};

/** The name a document gets that arrived without its own: its file's, without the ending. */
export function titleOfFile(fileName: string): string {
  const stem = fileName.replace(/\.[^.]{1,10}$/, '').trim();
  return (stem === '' ? fileName : stem).slice(0, 120);
}

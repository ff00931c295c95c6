/** How often a page looks again: while something runs, and otherwise. */
export const SECONDS = { active: 3, idle: 60 } as const;

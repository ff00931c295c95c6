/** How runs tell that hints of the master opened them (E24): they are no cycle, and nothing is concluded from how they end. */
export const BY_WEBHOOK = 'webhook';

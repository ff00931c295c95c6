/** Where a person wanted to go before the login, if it is here; a link with another site in it leads home. */
export function ownPath(next: string, basePath: string): string {
  const home = `${basePath}/`;
  if (!next.startsWith(home) || next.startsWith('//') || /[\p{C}\\]/u.test(next)) return home;
  const at = new URL(next, 'http://here.invalid');
  return at.origin === 'http://here.invalid' && at.pathname.startsWith(home) && !at.pathname.startsWith('//')
    ? at.pathname + at.search
    : home;
}

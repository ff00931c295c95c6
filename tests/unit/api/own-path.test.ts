import { expect, it } from 'vitest';
import { ownPath } from '../../../services/api/gate/own-path.ts';

it.each([
  ['/api/status?x=1', '', '/api/status?x=1'],
  ['/', '', '/'],
  ['', '', '/'],
  ['//evil.example/', '', '/'],
  ['/\\evil.example', '', '/'],
  ['https://evil.example', '', '/'],
  ['/\t/evil.example', '', '/'],
  ['/.//evil.example', '', '/'],
  ['javascript:alert(1)', '', '/'],
  ['/pngx/runs', '/pngx', '/pngx/runs'],
  ['/other', '/pngx', '/pngx/'],
  ['/pngx/../other', '/pngx', '/pngx/'],
])('after the login, %j leads (below %j) to %j', (next, basePath, to) => {
  expect(ownPath(next, basePath)).toBe(to);
});

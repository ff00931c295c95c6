import { describe, expect, it } from 'vitest';
import { ignoreRules } from '../../../../infra/ci/images/context.ts';
import { parseDockerfile } from '../../../../infra/ci/images/dockerfile.ts';

const TEXT = `
ARG BASE=node:26
FROM \${BASE} AS first
WORKDIR /app
# A remark.
RUN one \\
  && two
ENV A=1 B=2
USER 1000:1000
ENTRYPOINT ["/tini", "--"]
FROM first AS second
COPY --chmod=755 a b /there/
COPY --from=first /app/x ./x
ENV B=3
HEALTHCHECK --interval=10s CMD ["node", "h.ts"]
CMD ["node"]
`;

describe('a Dockerfile', () => {
  const stages = parseDockerfile(TEXT);

  it('becomes stages with their steps, and each stage has what its parent had', () => {
    expect(stages.get('first')).toMatchObject({
      parent: 'node:26',
      steps: [{ name: 'RUN', args: ['one && two'], workdir: '/app' }],
      cmd: [],
    });
    expect(stages.get('second')).toMatchObject({
      parent: 'first',
      workdir: '/app',
      user: '1000:1000',
      env: { A: '1', B: '3' },
      entrypoint: ['/tini', '--'],
      healthcheck: ['node', 'h.ts'],
      cmd: ['node'],
      steps: [
        { name: 'COPY', mode: 0o755, from: undefined, args: ['a', 'b', '/there/'] },
        { name: 'COPY', mode: undefined, from: 'first', args: ['/app/x', './x'] },
      ],
    });
  });

  it.each([
    ['an instruction that nobody foresaw', 'FROM a AS b\nADD x y'],
    ['a flag that would be passed over', 'FROM a AS b\nCOPY --link x y'],
    ['a command in a shell of its own', 'FROM a AS b\nCMD node main.ts'],
  ])('with %s is refused', (_what, text) => {
    expect(() => parseDockerfile(text)).toThrow();
  });
});

describe('.dockerignore', () => {
  const ignored = ignoreRules('*\n!src\n!package.json\n**/*.md\n');

  it.each([
    ['package.json', false],
    ['src/deep/main.ts', false],
    ['src/deep/README.md', true],
    ['tests/a.test.ts', true],
    ['.env', true],
  ])('%s: left out %s', (path, expected) => {
    expect(ignored(path)).toBe(expected);
  });
});

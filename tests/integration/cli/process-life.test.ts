import { afterAll, describe, expect, it } from 'vitest';
import { endPrograms, startProgram } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';

afterAll(endPrograms);

describe('the end of a program', () => {
  it('is forced by a second signal while a part hangs', async () => {
    const program = startProgram('tests/integration/cli/hanging-program.ts', {});
    await program.url();
    program.signal('SIGTERM');
    await waitFor('the first signal to be heard', () => program.stdout().includes('asked to end'));
    program.signal('SIGINT');
    expect(await program.ended).toBe(1);
    expect(program.stdout()).not.toContain('first part ended');
  });

  it('is forced by the program itself after its time limit, and the hanging part is named', async () => {
    const program = startProgram('tests/integration/cli/hanging-program.ts', {}, ['1500']);
    await program.url();
    program.signal('SIGTERM');
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toContain('the hanging part did not end within 1.5 s');
  });
});

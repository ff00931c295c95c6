import { describe, expect, it } from 'vitest';
import { diskError } from '../../../shared/paperless/files.ts';

const failing = (code: string) => diskError(Object.assign(new Error(`${code}: /var/scratch/secret.pdf`), { code }));

describe('trouble with the disk of the controller', () => {
  for (const code of ['ENOSPC', 'EDQUOT'])
    it(`${code} pauses file work`, () => {
      expect(failing(code)).toMatchObject({ code: 'disk_full', class: 'transient', scope: 'instance' });
    });
  it('anything else is a matter of settings, and no path is told', () => {
    const error = failing('EACCES');
    expect(error).toMatchObject({ code: 'disk_error', class: 'config', scope: 'instance' });
    expect(error.message).not.toContain('secret');
  });
});

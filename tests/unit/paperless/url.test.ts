import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import { buildUrl, parseInstanceUrl } from '../../../shared/paperless/url.ts';

function refusal(entered: string): string {
  try {
    return `accepted as ${parseInstanceUrl(entered)}`;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code;
  }
}

describe('the address of an instance', () => {
  for (const [entered, normal] of [
    ['https://paperless.example.org', 'https://paperless.example.org'],
    [' https://Paperless.Example.org:443/ ', 'https://paperless.example.org'],
    ['http://nas.local:8000/paper/', 'http://nas.local:8000/paper'],
    ['http://nas.local:8000/paper/api/', 'http://nas.local:8000/paper'],
    ['http://10.0.0.5:8000/api', 'http://10.0.0.5:8000'],
    ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['http://[fd12:3456::1]:8000', 'http://[fd12:3456::1]:8000'],
    ['http://[::1]:8000', 'http://[::1]:8000'],
    ['http://[::ffff:10.0.0.5]:8000', 'http://[::ffff:a00:5]:8000'],
    ['http://192.168.7.2', 'http://192.168.7.2'],
    ['http://100.64.0.9', 'http://100.64.0.9'],
  ] as const)
    it(`${entered} becomes ${normal}`, () => expect(parseInstanceUrl(entered)).toBe(normal));

  for (const [entered, code] of [
    ['paperless', 'url_invalid'],
    ['ftp://example.org', 'url_scheme'],
    ['file:///etc/passwd', 'url_scheme'],
    ['https://user:secret@example.org', 'url_credentials'],
    ['https://example.org/?token=1', 'url_invalid'],
    ['https://example.org/#a', 'url_invalid'],
    ['http://169.254.169.254/latest/meta-data', 'url_forbidden_host'],
    ['http://0xa9fea9fe/', 'url_forbidden_host'],
    ['http://2852039166/', 'url_forbidden_host'],
    ['http://[::ffff:169.254.169.254]/', 'url_forbidden_host'],
    ['http://[fe80::1]/', 'url_forbidden_host'],
    ['http://[fd00:ec2::254]/', 'url_forbidden_host'],
    ['http://[::]/', 'url_forbidden_host'],
    ['http://0.0.0.0/', 'url_forbidden_host'],
    ['http://100.100.100.200/', 'url_forbidden_host'],
    ['http://[::ffff:a9fe:a9fe]/', 'url_forbidden_host'],
    ['http://[::a9fe:a9fe]/', 'url_forbidden_host'],
    ['http://[64:ff9b::169.254.169.254]/', 'url_forbidden_host'],
    ['http://[2002:a9fe:a9fe::1]/', 'url_forbidden_host'],
    ['http://[febf::1]/', 'url_forbidden_host'],
    ['http://[ff02::1]/', 'url_forbidden_host'],
    ['http://[0:0:0:0:0:0:0:0]/', 'url_forbidden_host'],
    ['http://169.254.1/', 'url_forbidden_host'],
    ['http://0251.0376.0251.0376/', 'url_forbidden_host'],
    ['http://255.255.255.255/', 'url_forbidden_host'],
    ['http://192.0.0.192/opc/v2/instance', 'url_forbidden_host'],
    ['gopher://127.0.0.1/', 'url_scheme'],
    ['javascript:alert(1)', 'url_scheme'],
    ['https://user@example.org', 'url_credentials'],
    ['http://metadata.google.internal./', 'url_forbidden_host'],
  ] as const)
    it(`${entered} is refused as ${code}`, () => expect(refusal(entered)).toBe(code));

  it('the plus of an offset is encoded', () => {
    expect(
      buildUrl('http://x/base', '/api/documents/', { modified__gte: '2026-01-01T00:00:00.123456+02:00', page: 1 }),
    ).toBe('http://x/base/api/documents/?modified__gte=2026-01-01T00%3A00%3A00.123456%2B02%3A00&page=1');
  });
});

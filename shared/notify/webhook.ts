import { createHmac } from 'node:crypto';
import { headerFault, hostOf, secretAddress } from './fields.ts';
import { defineChannel, json } from './transport.ts';

const PREFIX = 'whsec_';

/** The body is that of the reference; id, time and signature are those of Standard Webhooks (standardwebhooks.com). */
export const webhook = defineChannel({
  title: 'Webhook',
  help: 'A JSON document to an address of yours, signed as Standard Webhooks says.',
  fields: {
    url: secretAddress('Address', 'It is asked with POST.'),
    secret: {
      label: 'Secret of the signature',
      secret: true,
      required: false,
      hint: 'whsec_ and 24 to 64 bytes in base64, as "openssl rand -base64 32" makes them. Empty: not signed.',
      fault: secretFault,
    },
    authorization: {
      label: 'Authorization header',
      secret: true,
      required: false,
      hint: 'The whole value, such as "Bearer ...". Empty: none.',
      fault: headerFault,
    },
  },
  shown: ({ url }) => hostOf(url),
  send(config, notice, net) {
    const message = json(config.url, notice.payload);
    const seconds = String(Math.floor(Date.now() / 1000));
    const signed = { 'webhook-id': notice.id, 'webhook-timestamp': seconds };
    const headers: Record<string, string> = { ...message.headers, ...signed };
    if (config.secret !== '')
      headers['webhook-signature'] = `v1,${sign(config.secret, `${notice.id}.${seconds}.${message.body}`)}`;
    if (config.authorization !== '') headers['authorization'] = config.authorization;
    return net.http({ ...message, headers });
  },
});

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64');
}

function sign(secret: string, text: string): string {
  return createHmac('sha256', keyOf(secret)).update(text).digest('base64');
}

function secretFault(text: string): string | null {
  const isSecret = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) && keyOf(text).length >= 24 && keyOf(text).length <= 64;
  return isSecret ? null : 'must be whsec_ and 24 to 64 bytes in base64';
}

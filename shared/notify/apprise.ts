import { hostOf, serverField, token, under, wordFault } from './fields.ts';
import { defineChannel, json, type Notice } from './transport.ts';

export const apprise = defineChannel({
  title: 'Apprise API',
  help: 'A message through an Apprise API server, which passes it on to what is configured there.',
  fields: {
    url: serverField('Address of the server', 'Such as http://apprise:8000'),
    key: token('Key of the configuration', 'The last part of its address: /notify/KEY'),
    tag: { label: 'Tag', secret: false, required: false, hint: 'Only receivers with this tag.', fault: wordFault },
  },
  shown: ({ url }) => hostOf(url),
  send: ({ url, key, tag }, notice, net) =>
    net.http(
      json(under(url, `/notify/${encodeURIComponent(key)}`), {
        title: notice.title,
        body: bodyOf(notice),
        type: typeOf(notice),
        format: 'text',
        ...(tag === '' ? {} : { tag }),
      }),
    ),
});

function bodyOf({ title, message, link }: Notice): string {
  const lines = [message, link].filter((line) => line !== null && line !== '');
  return lines.length === 0 ? title : lines.join('\n');
}

function typeOf({ state, severity }: Notice): 'info' | 'success' | 'warning' | 'failure' {
  if (state === 'recovered') return 'success';
  if (state !== 'raised') return 'info';
  return severity === 'critical' ? 'failure' : severity;
}

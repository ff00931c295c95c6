import { hostOf, serverField, token, under } from './fields.ts';
import { defineChannel, json, wholeText, type Notice } from './transport.ts';

/** Title and priority of an alert are those of the reference. */
export const gotify = defineChannel({
  title: 'Gotify',
  help: 'A message to an application of a Gotify server.',
  fields: {
    url: serverField('Address of the server', 'Such as https://gotify.example.org'),
    token: token('Token of the application'),
  },
  shown: ({ url }) => hostOf(url),
  send: ({ url, token: secret }, notice, net) =>
    net.http(
      json(
        under(url, '/message'),
        { title: titleOf(notice), message: wholeText(notice), priority: notice.state === 'raised' ? 7 : 4 },
        { 'x-gotify-key': secret },
      ),
    ),
});

function titleOf({ state, title }: Notice): string {
  return state === 'raised' ? 'pngx-controller alert' : `pngx-controller: ${state === 'info' ? title : state}`;
}

import { hostOf, secretAddress } from './fields.ts';
import { defineChannel, json, wholeText } from './transport.ts';

export const slack = defineChannel({
  title: 'Slack',
  help: 'A message through an incoming webhook of Slack, Mattermost, Rocket.Chat or another that takes the same.',
  fields: { url: secretAddress('Address of the webhook', 'As the receiver shows it when it is made.') },
  shown: ({ url }) => hostOf(url),
  send: ({ url }, notice, net) => net.http(json(url, { text: escaped(wholeText(notice)) })),
});

/** These three begin links and mentions there. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

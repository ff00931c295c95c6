import { hostOf, secretAddress } from './fields.ts';
import { defineChannel, json, type Notice } from './transport.ts';

const COLOURS = { info: 0x3b82f6, warning: 0xf59e0b, critical: 0xdc2626 } as const;
const RECOVERED = 0x16a34a;

export const discord = defineChannel({
  title: 'Discord',
  help: 'A message to a channel through its webhook.',
  fields: { url: secretAddress('Address of the webhook', 'As the settings of the channel show it.') },
  shown: ({ url }) => hostOf(url),
  send: ({ url }, notice, net) =>
    // A name with an @ in it calls nobody.
    net.http(json(url, { username: 'pngx-controller', embeds: [embed(notice)], allowed_mentions: { parse: [] } })),
});

function embed({ title, message, severity, state, link, at }: Notice) {
  return {
    title: title.slice(0, 256),
    description: message.slice(0, 4096),
    color: state === 'recovered' ? RECOVERED : COLOURS[severity],
    timestamp: at.toISOString(),
    ...(link === null ? {} : { url: link }),
  };
}

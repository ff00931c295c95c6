import { hostOf, optionalToken, serverField, token } from './fields.ts';
import { defineChannel, json, type Notice } from './transport.ts';

const PRIORITY = { info: 3, warning: 4, critical: 5 } as const;

export const ntfy = defineChannel({
  title: 'ntfy',
  help: 'A message to a topic of ntfy.sh or of a server of yours.',
  fields: {
    url: serverField('Address of the server', 'Such as https://ntfy.sh'),
    topic: token('Topic', 'Whoever knows its name can read along, so it is kept like a password.'),
    token: optionalToken('Access token', 'Where the topic asks for one.'),
  },
  shown: ({ url }) => hostOf(url),
  send: ({ url, topic, token: secret }, notice, net) =>
    net.http(json(url, body(topic, notice), secret === '' ? {} : { authorization: `Bearer ${secret}` })),
});

function body(topic: string, { title, message, severity, state, link }: Notice) {
  return {
    topic,
    title,
    message: message === '' ? title : message,
    priority: state === 'raised' ? PRIORITY[severity] : PRIORITY.info,
    tags: [state === 'raised' ? 'warning' : state === 'recovered' ? 'white_check_mark' : 'information_source'],
    ...(link === null ? {} : { click: link }),
  };
}

import { serverField, under } from './fields.ts';
import { defineChannel, json, wholeText } from './transport.ts';

/** Longer ones are refused. */
const MAX_TEXT = 4096;

export const telegram = defineChannel({
  title: 'Telegram',
  help: 'A message of a bot of yours to a chat.',
  fields: {
    token: {
      label: 'Token of the bot',
      secret: true,
      required: true,
      hint: 'As BotFather gives it.',
      // It becomes a part of the address.
      fault: (text) => (/^\d+:[A-Za-z0-9_-]{20,}$/.test(text) ? null : 'must look like 123456:ABC-...'),
    },
    chat_id: {
      label: 'Chat',
      secret: false,
      required: true,
      hint: 'Its number, or @name of a channel.',
      fault: (text) => (/^(-?\d{1,20}|@\w{1,64})$/.test(text) ? null : 'must be a number or @name'),
    },
    url: { ...serverField('Address of the Bot API', 'Empty: https://api.telegram.org'), required: false },
  },
  shown: ({ chat_id: chat }) => `chat ${chat}`,
  send: ({ url, token, chat_id }, notice, net) =>
    net.http(
      json(under(url === '' ? 'https://api.telegram.org' : url, `/bot${token}/sendMessage`), {
        chat_id,
        // No parse_mode: a name with signs in it is a name, no formatting.
        text: wholeText(notice).slice(0, MAX_TEXT),
        disable_notification: notice.severity === 'info',
      }),
    ),
});

// Stands in for a part of the demo: says what it was told, and ends when and how it was told to.
import { env } from 'node:process';

const [words = '', end = ''] = process.argv.slice(2);
for (const line of words.split('|')) console.log(line.replace('ENVIRONMENT', Object.keys(env).sort().join(',')));
if (end === 'die') setTimeout(() => process.exit(3), 300);
else if (end !== 'now') setInterval(() => undefined, 60_000);

/** Peak memory of the worker's process while one large file goes from master to replica (E8). */
import { Readable } from 'node:stream';
import { openStage, round, spawnSimulator, type Sim } from './stage.ts';

const MIB = 2 ** 20;
const CHUNK = Buffer.alloc(MIB, 'All that is written here is written once more in the line below it.\n');

export async function benchMemory(docs: number | null): Promise<object[]> {
  const size = (docs ?? 1024) * MIB;
  const master = await spawnSimulator('--profile', 'v3');
  const replica = await spawnSimulator('--profile', 'v3');
  const stage = await openStage(master, { replica });
  try {
    await uploadLarge(master, 1, MIB);
    await stage.cycle();
    await uploadLarge(master, 2, size);
    globalThis.gc?.();
    const idle = process.memoryUsage.rss();
    let peak = idle;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 50);
    const run = await stage.cycle();
    clearInterval(watch);
    if (run.outcome !== 'ok') throw new Error(`the sync ended ${run.outcome}`);
    const above = (peak - idle) / MIB;
    return [{ file_mib: size / MIB, idle_mib: round(idle / MIB), above_idle_mib: round(above), aim: 200 }];
  } finally {
    await stage.close();
    master.stop();
    replica.stop();
  }
}

/** Made while it is sent: nothing of that size lies anywhere before. */
async function uploadLarge(to: Sim, number: number, size: number): Promise<void> {
  const mark = 'large';
  const head = Buffer.from(
    `--${mark}\r\nContent-Disposition: form-data; name="title"\r\n\r\nLarge ${number}\r\n--${mark}\r\n` +
      `Content-Disposition: form-data; name="document"; filename="large-${number}.txt"\r\nContent-Type: text/plain\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${mark}--\r\n`);
  const body = Readable.from(
    (function* () {
      yield head;
      for (let sent = 0; sent < size; sent += MIB) yield CHUNK;
      yield tail;
    })(),
  );
  const response = await fetch(`${to.url}/api/documents/post_document/`, {
    method: 'POST',
    headers: {
      Authorization: `Token ${to.token}`,
      Accept: 'application/json; version=9',
      'Content-Type': `multipart/form-data; boundary=${mark}`,
      'Content-Length': String(head.length + size + tail.length),
    },
    body: Readable.toWeb(body) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  if (!response.ok) throw new Error(`the upload of the large file was answered ${response.status}`);
  await fetch(`${to.url}/simulator/idle`);
}

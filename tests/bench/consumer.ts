import { openStage, round, seconds, spawnSimulator } from './stage.ts';

const OCR_SECONDS = 0.5;

/** The replica's one consumer is the physical limit of a first sync; it must never starve. */
export async function benchConsumer(docs: number | null): Promise<object[]> {
  const count = docs ?? 500;
  const master = await spawnSimulator('--profile', 'v3', '--docs', String(count));
  const replica = await spawnSimulator('--profile', 'v3', '--ocr-ms', String(OCR_SECONDS * 1000), '--consumers', '1');
  const stage = await openStage(master, { replica });
  try {
    const run = await stage.cycle();
    return [
      {
        documents: count,
        outcome: run.outcome,
        seconds: round(seconds(run)),
        share_of_capacity: round((count * OCR_SECONDS) / seconds(run), 3),
        aim: 0.95,
      },
    ];
  } finally {
    await stage.close();
    master.stop();
    replica.stop();
  }
}

/** Whoever wants no traces loads none of what they are made with (O5). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

test('OpenTelemetry is imported by one file, and that file only at need', () => {
  const files = ['shared', 'services'].flatMap((dir) =>
    readdirSync(join(ROOT, dir), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(dir, name)),
  );
  const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  expect(files.filter((file) => text(file).includes("'@opentelemetry/"))).toEqual(['shared/telemetry/otel.ts']);
  expect(files.filter((file) => /from '[^']*\/otel\.ts'/.test(text(file)))).toEqual([]);
  expect(files.filter((file) => text(file).includes("import('./otel.ts')"))).toEqual(['shared/telemetry/tracing.ts']);
});

import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Reads vitest's JSON report and says in one line how it went; a skipped test counts as a failure of the run. */
const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numFailedTestSuites: z.number(),
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

function read(path: string | undefined): z.output<typeof report> | null {
  try {
    return report.parse(JSON.parse(readFileSync(path ?? '', 'utf8')));
  } catch {
    return null;
  }
}

const found = read(process.argv[2]);
if (found === null) {
  process.stdout.write('The tests left no report.\n0 passed, 1 failed, 0 skipped\n');
  process.exit(1);
}
for (const file of found.testResults) {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  // A file that could not even be loaded has failed without a single test in it.
  if (file.status === 'failed' && failed.length === 0) process.stdout.write(`failed: ${file.name}\n`);
  for (const test of failed) process.stdout.write(`failed: ${test.fullName}\n`);
  for (const test of file.assertionResults)
    if (test.status === 'pending' || test.status === 'skipped' || test.status === 'todo')
      process.stdout.write(`skipped: ${test.fullName}\n`);
}
const broken = found.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
).length;
const skipped = found.numPendingTests + found.numTodoTests;
const failed = found.numFailedTests + broken;
process.stdout.write(`${found.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
process.exit(failed > 0 || skipped > 0 || !found.success || found.numPassedTests === 0 ? 1 : 0);

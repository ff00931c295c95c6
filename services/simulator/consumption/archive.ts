/**
 * No OCR runs here. What matters about an archive to a client is that it exists, that its bytes and checksum differ from the
 * original's and that v2 refuses an upload of exactly these bytes (paperless-api.md 5.6).
 */

/** A small PDF that stands for the archive OCR makes; its bytes follow from the original, so a run can be repeated. */
export function archivePdf(originalHash: string, text: string, pages: number): Buffer {
  const objects: string[] = ['<< /Type /Catalog /Pages 2 0 R >>'];
  const kids = Array.from({ length: pages }, (_, at) => `${4 + at * 2} 0 R`);
  objects.push(`<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${pages} >>`);
  objects.push('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  for (let page = 0; page < pages; page += 1) {
    const shown =
      page === 0
        ? text
            .slice(0, 2000)
            .replace(/[\\()]/g, '\\$&')
            .replaceAll('\n', ') Tj T* (')
        : '';
    const stream = `BT /F1 10 Tf 12 TL 40 800 Td (${shown}) Tj ET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + page * 2} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${Buffer.byteLength(stream, 'latin1')} >>\nstream\n${stream}\nendstream`,
    );
  }
  return assemble(objects, `%PDF-1.6\n% archive of ${originalHash}\n`);
}

function assemble(objects: readonly string[], header: string): Buffer {
  let body = header;
  const offsets = objects.map((object, at) => {
    const offset = Buffer.byteLength(body, 'latin1');
    body += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const start = Buffer.byteLength(body, 'latin1');
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`;
  body += `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(body, 'latin1');
}

/** What a handler answers; the server adds the headers that every answer of paperless carries. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON when `text` and `file` are absent; `undefined` is an empty body. */
  json?: unknown;
  text?: string;
  file?: { open: () => NodeJS.ReadableStream; size: number };
}

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Reply => ({
  status,
  json: value,
  headers,
});

/** Texts that views write themselves are HTML by Django's default (paperless-api.md 1.2). */
export const text = (body: string, status: number, headers: Record<string, string> = {}): Reply => ({
  status,
  text: body,
  headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
});

export const noContent = (): Reply => ({ status: 204 });

/** Ends a request from anywhere below a handler. */
export class HttpError extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`HTTP ${reply.status}`);
    this.reply = reply;
  }
}

export const detail = (status: number, message: string, headers: Record<string, string> = {}): HttpError =>
  new HttpError(json({ detail: message }, status, headers));

export const badRequest = (errors: unknown): HttpError => new HttpError(json(errors, 400));

export const notFound = (model?: string): HttpError =>
  detail(404, model === undefined ? 'Not found.' : `No ${model} matches the given query.`);

export const forbidden = (): HttpError => detail(403, 'You do not have permission to perform this action.');

export const insufficientPermissions = (): HttpError => detail(403, 'Insufficient permissions.');

export const forbiddenText = (message = 'Insufficient permissions', headers: Record<string, string> = {}): HttpError =>
  new HttpError(text(message, 403, headers));

const SERVER_ERROR_PAGE = `
<!doctype html>
<html lang="en">
<head>
  <title>Server Error (500)</title>
</head>
<body>
  <h1>Server Error (500)</h1><p></p>
</body>
</html>
`;

/** What Django shows when a view raises. */
export const serverError = (): HttpError => new HttpError(text(SERVER_ERROR_PAGE, 500));

/**
 * A library as data, before any instance knows it. Everything refers to everything else by name or key, never by id:
 * ids are given by the instance that takes the library in.
 */
export interface Library {
  readonly groups: readonly LibraryGroup[];
  readonly users: readonly LibraryUser[];
  readonly tags: readonly LibraryTag[];
  readonly correspondents: readonly LibraryObject[];
  readonly documentTypes: readonly LibraryObject[];
  readonly storagePaths: readonly LibraryStoragePath[];
  readonly customFields: readonly LibraryField[];
  readonly documents: readonly LibraryDocument[];
}

export interface LibraryGroup {
  readonly name: string;
  /** Codenames, as the API lists them. */
  readonly permissions: readonly string[];
}

export interface LibraryUser {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Who owns something: a user of the library, the user whose token brings the library in, or nobody. */
export type LibraryOwner = { readonly user: string } | 'token-user' | null;

export interface LibraryAccess {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}
export interface LibraryPermissions {
  readonly view: LibraryAccess;
  readonly change: LibraryAccess;
}

/** paperless' numbers (paperless-api.md 10.1). */
export const MATCHING = { none: 0, any: 1, all: 2, literal: 3, regex: 4, fuzzy: 5, auto: 6 } as const;

export interface LibraryObject {
  readonly name: string;
  readonly owner?: LibraryOwner;
  readonly permissions?: LibraryPermissions;
  readonly match?: string;
  readonly matching?: keyof typeof MATCHING;
  readonly isInsensitive?: boolean;
}
export interface LibraryTag extends LibraryObject {
  readonly color: string;
  readonly parent?: string;
  readonly isInbox?: boolean;
}
export interface LibraryStoragePath extends LibraryObject {
  readonly path: string;
}

export interface LibraryField {
  readonly name: string;
  readonly type:
    | 'string'
    | 'url'
    | 'date'
    | 'boolean'
    | 'integer'
    | 'float'
    | 'monetary'
    | 'documentlink'
    | 'select'
    | 'longtext';
  readonly options?: readonly string[];
  readonly currency?: string;
}

export interface LibraryNote {
  readonly author: { readonly user: string } | 'token-user';
  readonly text: string;
}

export interface LibraryDocument {
  /** How tests and the demo speak of it; also the stem of most file names. */
  readonly key: string;
  readonly fileName: string;
  readonly mimeType: string;
  /** Made on demand, so that a library of big files need not be in memory at once. */
  readonly bytes: () => Buffer;
  readonly title: string;
  /** YYYY-MM-DD. */
  readonly created: string;
  readonly asn: number | null;
  readonly correspondent: string | null;
  readonly documentType: string | null;
  readonly storagePath: string | null;
  readonly tags: readonly string[];
  readonly owner: LibraryOwner;
  readonly permissions: LibraryPermissions;
  /** By field name; a select's value is the option's label. Links are apart, because they need ids. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
  /** Field name to keys of documents. */
  readonly links: Readonly<Record<string, readonly string[]>>;
  readonly notes: readonly LibraryNote[];
  /** Text written over what paperless read from the file. */
  readonly editedContent: string | null;
  /** The earlier document with the same bytes, which a v2 instance cannot hold beside this one. */
  readonly twinOf: string | null;
}

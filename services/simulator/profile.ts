/** What differs between the two generations of paperless-ngx that the simulator stands for (paperless-api.md, appendix D). */
export type ProfileName = 'v2' | 'v3';

export interface Profile {
  readonly name: ProfileName;
  readonly version: string;
  readonly apiVersions: readonly number[];
  readonly defaultApiVersion: number;
  readonly superuserId: number;
  readonly checksum: 'md5' | 'sha256';
  /** v2 refuses bytes it already holds, v3 makes a second document of them. */
  readonly refusesDuplicates: boolean;
  readonly hasVersions: boolean;
  readonly composesFileNames: boolean;
  readonly tokenRequestsPerMinute: number;
}

export const PROFILES: Record<ProfileName, Profile> = {
  v2: {
    name: 'v2',
    version: '2.20.15',
    apiVersions: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    defaultApiVersion: 9,
    superuserId: 3,
    checksum: 'md5',
    refusesDuplicates: true,
    hasVersions: false,
    composesFileNames: false,
    tokenRequestsPerMinute: Number.POSITIVE_INFINITY,
  },
  v3: {
    name: 'v3',
    version: '3.0.5',
    apiVersions: [9, 10],
    defaultApiVersion: 10,
    superuserId: 2,
    checksum: 'sha256',
    refusesDuplicates: false,
    hasVersions: true,
    composesFileNames: true,
    tokenRequestsPerMinute: 5,
  },
};

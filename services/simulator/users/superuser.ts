import type { Profile } from '../profile.ts';
import type { Store } from '../state/store.ts';
import { hashPassword } from './authenticate.ts';

/** The one user of a fresh instance; the ids before it belong to users that are never shown (paperless-api.md 11). */
export function addSuperuser(store: Store, profile: Profile, token: string): void {
  store.users.save({
    id: profile.superuserId,
    username: 'admin',
    email: 'admin@example.org',
    passwordHash: hashPassword('admin'),
    firstName: '',
    lastName: '',
    dateJoined: store.clock.now(),
    isStaff: true,
    isActive: true,
    isSuperuser: true,
    groups: [],
    permissions: [],
    token,
    settings: {},
  });
}

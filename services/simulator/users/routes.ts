import type { Route } from '../router.ts';
import { deleteGroup, listGroups, readGroup, saveGroup } from './groups.ts';
import { generateToken, obtainToken, readProfile, readUiSettings, updateProfile, writeUiSettings } from './profile.ts';
import { createUser, deleteUser, listUsers, readUser, updateUser } from './users.ts';

export const userRoutes: readonly Route[] = [
  { path: 'token/', methods: { POST: obtainToken }, open: true },
  { path: 'profile/', methods: { GET: readProfile, PATCH: updateProfile } },
  { path: 'profile/generate_auth_token/', methods: { POST: generateToken } },
  { path: 'ui_settings/', methods: { GET: readUiSettings, POST: writeUiSettings } },
  { path: 'users/', methods: { GET: listUsers, POST: createUser } },
  { path: 'users/:id/', methods: { GET: readUser, PATCH: updateUser, PUT: updateUser, DELETE: deleteUser } },
  { path: 'groups/', methods: { GET: listGroups, POST: saveGroup } },
  { path: 'groups/:id/', methods: { GET: readGroup, PATCH: saveGroup, PUT: saveGroup, DELETE: deleteGroup } },
];

// Jest loads this file by itself, without the transform of the tests; tsx brings in the TypeScript.
import { tsImport } from 'tsx/esm/api';

export default async function globalSetup() {
  const { prepare } = await tsImport('./global-setup.ts', import.meta.url);
  globalThis.__rolemintTeardown = await prepare();
}

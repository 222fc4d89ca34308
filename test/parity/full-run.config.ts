/** Vitest for `npm run parity:full` alone. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({ test: { include: ['test/parity/full-run.ts'], testTimeout: 1e9 } }),
);

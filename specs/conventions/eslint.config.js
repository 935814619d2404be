import { fileURLToPath } from 'node:url';
import rxjsX from 'eslint-plugin-rxjs-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { files: ['**/*.{ts,tsx,js,mjs,cjs}'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  rxjsX.configs.strict,
  {
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'src/dashboard/page/tsconfig.json', 'specs/tsconfig.json'],
        tsconfigRootDir: fileURLToPath(new URL('../..', import.meta.url)),
      },
    },
    rules: {
      // A run's mailbox is a Subject and is meant to be reached: `source$.subscribe(run.metrics)`.
      'rxjs-x/no-exposed-subjects': 'off',
      // The mailbox is a Subject subclass whose `next` writes to the channel: 62-100 ns against 200 for a pipe.
      'rxjs-x/no-subclass': 'off',
      // Numbers and booleans read in a message as they are.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `(fd) => fs.closeSync(fd)` is the shortest way to say which call a port maps to.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // With noUncheckedIndexedAccess a typed array's element is `number | undefined`; a test per byte is not free.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A port's implementation or a fake takes what its interface gives, needed or not.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'JSXText[value=/^\\s*\\u002f[\\u002f*]/m]',
          message: 'Between tags this is no comment but text of the page.',
        },
      ],
    },
  },
  {
    files: ['specs/**/*.ts'],
    rules: {
      // A stream that is empty or fails is a spec that fails: the rejection is the report.
      'rxjs-x/no-ignored-default-value': 'off',
      'rxjs-x/no-ignored-error': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    // tsc checks these files by their JSDoc; the linter does not see a JSDoc cast of `JSON.parse`.
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    files: ['src/**/*.cjs'],
    // What they are for: a package is loaded when its function is called, and a bundler sees which.
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlJsStatic } from 'sql.js';
import { ExpmanError, isMistake, messageOf } from '../../model/errors.js';
import { importOptional } from '../../model/optional-package.js';
import { corruptAt, type Mapping } from './source-files.js';
import { sqliteImage } from './sqlite-image.js';

const PACKAGE: string = 'sql.js';
const BUILT_IN: string = 'node:sqlite';

/** A database that is only read; closing it leaves nothing behind. */
export interface SqliteFile extends Disposable {
  /**
   * Returns the rows of a query as objects, with `?` for the parameters.
   *
   * @throws {@link ExpmanError} `CORRUPT` if the database is damaged or has other tables
   */
  rows(sql: string, ...params: readonly (string | number)[]): readonly Mapping[];
  /** Tells if there is a plain table of that name. */
  has(table: string): boolean;
}

/** What both libraries can do. */
interface Engine {
  all(sql: string, params: readonly (string | number)[]): readonly Mapping[];
  close(): void;
}

/**
 * Opens a database of SQLite with `node:sqlite` or, before Node.js 22.13, with the package sql.js.
 * It is read from a copy: nothing is written to its folder.
 *
 * @throws {@link ExpmanError} `QUERY_UNAVAILABLE` if there is neither; `CORRUPT`, `IO`
 */
export async function openSqlite(path: string): Promise<SqliteFile> {
  const image = sqliteImage(path);
  const engine = await engineFor(image, path);
  const rows = (sql: string, params: readonly (string | number)[]): readonly Mapping[] => {
    try {
      return engine.all(sql, params);
    } catch (error) {
      if (isMistake(error)) throw error;
      throw corruptAt(path, messageOf(error));
    }
  };
  let tables: ReadonlySet<unknown>;
  try {
    // A view, or a virtual table, may be a program that never ends.
    const plain = rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'",
      [],
    );
    tables = new Set(plain.map(({ name }) => name));
  } catch (error) {
    engine.close();
    throw error;
  }
  return {
    rows: (sql, ...params) => rows(sql, params),
    has: (table) => tables.has(table),
    [Symbol.dispose]: () => {
      engine.close();
    },
  };
}

async function engineFor(image: Uint8Array, path: string): Promise<Engine> {
  // Not by its literal name: a bundler for an older Node.js does not know it.
  const builtIn = (await import(/* @vite-ignore */ BUILT_IN).catch(() => null)) as NodeSqlite | null;
  return builtIn === null ? packaged(image, path) : ofNode(image, path, builtIn);
}

/** The part of `node:sqlite` that is used. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly readOnly: boolean },
  ) => {
    prepare(sql: string): { all(...params: readonly (string | number)[]): unknown[] };
    close(): void;
  };
}

function ofNode(image: Uint8Array, path: string, { DatabaseSync }: NodeSqlite): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'expman-sqlite-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const copy = join(folder, 'copy.db');
    writeFileSync(copy, image, { mode: 0o600 });
    const database = new DatabaseSync(copy, { readOnly: true });
    return {
      all: (sql, params) => database.prepare(sql).all(...params) as Mapping[],
      close: () => {
        database.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    if (isMistake(error)) throw error;
    throw corruptAt(path, messageOf(error));
  }
}

async function packaged(image: Uint8Array, path: string): Promise<Engine> {
  const { Database } = await loaded(path);
  try {
    const database = new Database(image);
    return {
      all: (sql, params) => {
        const statement = database.prepare(sql, [...params]);
        try {
          const rows: Mapping[] = [];
          while (statement.step()) rows.push(statement.getAsObject());
          return rows;
        } finally {
          statement.free();
        }
      },
      close: () => {
        database.close();
      },
    };
  } catch (error) {
    throw corruptAt(path, messageOf(error));
  }
}

async function loaded(path: string): Promise<SqlJsStatic> {
  const refused = (isAbsent: boolean, cause: unknown): ExpmanError => {
    const why = isAbsent
      ? `is not installed: npm install ${PACKAGE}`
      : `cannot be loaded: ${messageOf(cause)}`;
    return new ExpmanError(
      'QUERY_UNAVAILABLE',
      `${path} is a database of SQLite: reading it needs Node.js 22.13 or the optional package ${PACKAGE}, which ${why}`,
      { path, cause },
    );
  };
  const { default: init } = (await importOptional(PACKAGE, refused)) as {
    readonly default: () => Promise<SqlJsStatic>;
  };
  try {
    return await init();
  } catch (cause) {
    throw refused(false, cause);
  }
}

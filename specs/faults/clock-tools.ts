import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { mortal } from './mortal.js';
import { EXPMAN } from '../support/cli.js';

/** Where distributions put the library that stands between a process and its clock. */
const FAKETIME = ['x86_64-linux-gnu/', 'aarch64-linux-gnu/', '']
  .flatMap((triple) =>
    ['/usr/lib/', '/usr/lib64/'].map((lib) => `${lib}${triple}faketime/libfaketimeMT.so.1`),
  )
  .find((path) => existsSync(path));
/** A namespace with a host name of its own, as any user and as root. */
const NAMESPACES = [
  ['--user', '--map-root-user', '--uts', '--mount'],
  ['--uts', '--mount'],
] as const;
const namespace = NAMESPACES.find(
  (flags) => spawnSync('unshare', [...flags, 'hostname', 'elsewhere'], { timeout: 10_000 }).status === 0,
);

/** Why clocks cannot be set, or hosts be told apart, here; null where both can. */
export function whyNoClocks(): string | null {
  if (FAKETIME === undefined) return 'there is no libfaketime (apt-get install faketime)';
  return namespace === undefined ? '`unshare --uts` is refused: there is one host only' : null;
}

/** The environment of a process whose wall clock is what a file says, such as `-3600`, in seconds; its monotonic clock is true. */
export function clockOf(file: string, seconds: number): NodeJS.ProcessEnv {
  setClock(file, seconds);
  return {
    ...process.env,
    LD_PRELOAD: FAKETIME ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}

/** Sets the clock of the processes that go by a file. */
export const setClock = (file: string, seconds: number): void => {
  writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
};

/** How a command ended. */
export interface End {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node on another host, which has this one's disk; `readOnly` is a folder that it cannot write to. */
export function onAnotherHost(
  args: readonly string[],
  { env = process.env, readOnly }: { readonly env?: NodeJS.ProcessEnv; readonly readOnly?: string } = {},
): Promise<End> {
  const mount =
    readOnly === undefined ? '' : 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 77; ';
  const command = `hostname elsewhere && ${mount}exec "$@"`;
  const child = mortal(
    spawn(
      'unshare',
      [...(namespace ?? []), 'sh', '-c', command, readOnly ?? 'sh', process.execPath, ...args],
      {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
        killSignal: 'SIGKILL',
      },
    ),
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once('close', (exit) => {
      resolve({ exit, stdout, stderr });
    });
  });
}

/** Runs `expman` there. */
export const expmanElsewhere = (
  args: readonly string[],
  options?: Parameters<typeof onAnotherHost>[1],
): Promise<End> => onAnotherHost([EXPMAN, ...args], options);

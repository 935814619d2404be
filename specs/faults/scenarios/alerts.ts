import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { openRun, recoverRun, stopRun } from 'expman-rx/reader';
import { firstValueFrom } from 'rxjs';
import { type AlertHook, alertHook } from '../alert-hook.js';
import { REASON, textOf, titleOf } from '../alerts.mjs';
import { checkTidy, must } from '../check-run.js';
import { mortal } from '../mortal.js';
import { strace } from '../strace.js';
import { randomFrom, type Scenario, type ScenarioContext } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../alerts.mjs', import.meta.url));
const ALERTS = 3;
const MOST = 100;
/** Everything that alerts, requests and their runs are written and sent with. */
const SYSCALLS = ['pwrite64', 'rename', 'fsync', 'unlink', 'write', 'mkdir'];
/** What a request to stop is written with, and what happens to it. */
const ASKING = ['pwrite64', 'fsync', 'rename'].flatMap((syscall) =>
  ['signal=SIGKILL', 'error=ENOSPC'].map((fault) => ({ syscall, fault })),
);

/**
 * Alerts and requests to stop, killed at every system call: an alert that a flush acknowledged is there, and is sent at least once and
 * at most twice, by the process that was killed or by the next owner; a request is there wholly or not at all, and stops no later owner.
 */
export const alerts: Scenario = {
  name: 'alerts and requests to stop, killed at every system call',
  rows: [2, 11, 37],
  unavailable: () => {
    const { status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
    return status === 0 ? null : 'strace is missing, or may not trace';
  },
  run: async (context) => {
    const hook = await alertHook();
    try {
      await lateAsker(context);
      await askers(context);
      await raisers(context, hook);
    } finally {
      hook.close();
    }
  },
};

/** Runs the program under strace, without blocking the webhook; true if the fault has happened. */
async function traced(
  folder: string,
  { syscall, fault, n }: { readonly syscall: string; readonly fault: string; readonly n: number },
  args: readonly string[],
): Promise<{ readonly isReached: boolean; readonly stderr: string }> {
  const trace = join(folder, 'trace');
  const inject = ['-e', `trace=${syscall}`, '-e', `inject=${syscall}:${fault}:when=${n}`];
  const command = [...strace(fault), '-o', trace, ...inject, process.execPath, CHILD, ...args];
  const child = mortal(
    spawn('strace', command, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000, killSignal: 'SIGKILL' }),
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  const said = readFileSync(trace, 'utf8');
  const isReached = /killed by SIGKILL|\(INJECTED\)/.test(said);
  must(isReached || n > 1, 'I7', () => `${syscall} is never called, or never hit by ${fault}: ${stderr}`);
  return { isReached, stderr };
}

/** A request reaches the folder only when its run has another owner, which it must not stop. */
async function lateAsker({ folder, tally, progress }: ScenarioContext): Promise<void> {
  const what = 'a late request';
  const base = join(folder, 'late');
  const open = async (): Promise<LoggingEngine> => {
    const run = new LoggingEngine(
      new ExperimentConfig('faults', base, { environment: false, runName: 'late', resume: 'allow' }),
    );
    await run.flush();
    return run;
  };
  const earlier = await open();
  await stopRun(earlier.runDir, { reason: REASON });
  const request = join(earlier.runDir, 'stop.request');
  const late = readFileSync(request);
  await earlier.close();
  const run = await open();
  writeFileSync(request, late);
  // Three times as long as an owner lets pass before it looks; one that is slower may miss a fault, and reports none.
  await delay(1500);
  must(!run.signal.aborted, 'I9', () => `${what}: it stops the next owner`);
  await stopRun(run.runDir, { reason: REASON });
  await firstValueFrom(run.stop$);
  await run.close();
  must(!existsSync(request), 'I8', () => `${what}: the request is left`);
  tally.cases++;
  progress(what);
  rmSync(base, { recursive: true });
}

/** A live run is asked by processes that are killed, or have no room. */
async function askers(context: ScenarioContext): Promise<void> {
  for (const each of ASKING)
    for (let n = 1; n < MOST && context.goOn(); n++) if (!(await askAt(context, { ...each, n }))) break;
}

async function askAt(
  { folder, tally, progress }: ScenarioContext,
  at: { readonly syscall: string; readonly fault: string; readonly n: number },
): Promise<boolean> {
  const what = `a request, ${at.syscall} number ${at.n}, ${at.fault}`;
  const base = join(folder, 'asked');
  mkdirSync(base);
  const run = new LoggingEngine(new ExperimentConfig('faults', base, { environment: false }));
  await run.flush();
  const { isReached, stderr } = await traced(base, at, ['ask', run.runDir]);
  const isThere = checkRequest(run.runDir, what);
  if (!isReached)
    must(isThere && stderr === '', 'I1', () => `${what}: it was made, and is not there; ${stderr}`);
  if (at.fault.startsWith('error') && isReached && at.syscall !== 'fsync')
    must(!isThere && stderr === 'IO\n', 'I7', () => `${what}: refused as ${stderr}`);
  if (!isThere) await stopRun(run.runDir, { reason: REASON });
  const { reason } = await firstValueFrom(run.stop$);
  must(reason === REASON, 'I2', () => `${what}: the reason is ${reason}`);
  await run.close();
  checkTidy(run.runDir);
  must(!existsSync(join(run.runDir, 'stop.request')), 'I8', () => `${what}: the request is left`);
  if (isReached && at.fault.startsWith('signal')) tally.kills++;
  else tally.cases++;
  progress(what);
  rmSync(base, { recursive: true });
  return isReached;
}

/** True if there is a request; half a request is none. */
function checkRequest(runDir: string, what: string): boolean {
  const path = join(runDir, 'stop.request');
  if (!existsSync(path)) return false;
  const text = readFileSync(path, 'utf8');
  let reason: unknown = null;
  try {
    ({ reason } = JSON.parse(text) as { readonly reason?: unknown });
  } catch {
    // It is told below.
  }
  must(reason === REASON, 'I4', () => `${what}: half a request: ${JSON.stringify(text.slice(0, 80))}`);
  return true;
}

/** A run with alerts is killed; every second one is then resumed, the others are recovered. */
async function raisers(context: ScenarioContext, hook: AlertHook): Promise<void> {
  const every = context.amount(2, 1);
  let left = SYSCALLS;
  // A rare call has to wait for no frequent one.
  for (let n = 1 + randomFrom(context.seed).below(every); n < MOST && left.length > 0; n += every) {
    const more: string[] = [];
    for (const syscall of left) {
      if (!context.goOn()) return;
      if (await raiseAt(context, hook, { syscall, fault: 'signal=SIGKILL', n })) more.push(syscall);
    }
    left = more;
  }
}

async function raiseAt(
  { folder, tally, progress }: ScenarioContext,
  hook: AlertHook,
  at: { readonly syscall: string; readonly fault: string; readonly n: number },
): Promise<boolean> {
  const what = `${at.syscall} number ${at.n}`;
  const base = join(folder, `${at.syscall}-${at.n}`);
  mkdirSync(base);
  const account = join(base, 'account.txt');
  writeFileSync(account, '');
  const webhook = hook.urlOf(what);
  const { isReached, stderr } = await traced(base, at, [
    join(base, 'runs'),
    account,
    webhook,
    String(ALERTS),
  ]);
  const said = readFileSync(account, 'utf8');
  must(isReached || said.endsWith('closed\n'), 'I7', () => `${what}: ${said} ${stderr}`);
  if (isReached) tally.kills++;
  const runDir = join(base, 'runs/faults/alerting');
  if (existsSync(join(runDir, 'run.yaml')))
    await checkAlerts(runDir, said, webhook, () => hook.postsTo(what), what);
  else must(!said.includes('opened'), 'I1', () => `${what}: the run is gone`);
  progress(what);
  rmSync(base, { recursive: true });
  return isReached;
}

async function checkAlerts(
  runDir: string,
  said: string,
  webhook: string,
  posts: () => ReadonlyMap<string, number>,
  what: string,
): Promise<void> {
  const before = openRun(runDir).facts.alerts;
  for (const { title, text } of before)
    must(text === textOf(title), 'I2', () => `${what}: ${title} has another text: ${text}`);
  const titles = before.map(({ title }) => title);
  for (const [, number] of said.matchAll(/^raised (\d+)$/gm))
    must(titles.includes(titleOf(Number(number))), 'I1', () => `${what}: alert ${number} is lost`);
  for (const title of posts().keys())
    must(titles.includes(title), 'I2', () => `${what}: ${title} was sent, and is not in the run`);
  const isAsked = checkRequest(runDir, what);
  must(isAsked || !/asked\n$/.test(said), 'I1', () => `${what}: the request is lost`);
  if (what.length % 2 === 0) await recoverRun(runDir, { alerts: { webhook } });
  else await resume(runDir, webhook, what);
  for (const { title, delivery } of openRun(runDir).facts.alerts) {
    const times = posts().get(title) ?? 0;
    const wasSent = before.find((alert) => alert.title === title)?.delivery === 'sent';
    must(
      delivery === 'sent' && times >= 1 && times <= (wasSent ? 1 : 2),
      'I1',
      () =>
        `${what}: ${title} is ${delivery}, and was sent ${times} times${wasSent ? ', once before the kill' : ''}`,
    );
  }
  const sent = [...posts().values()].join();
  const { changed } = await recoverRun(runDir, { alerts: { webhook } });
  must(!changed && [...posts().values()].join() === sent, 'I6', () => `${what}: a second recovery did more`);
  checkTidy(runDir);
}

/** Takes the run up again; a request that was made to the earlier owner must not stop this one. */
async function resume(runDir: string, webhook: string, what: string): Promise<void> {
  const run = new LoggingEngine(
    new ExperimentConfig('faults', join(runDir, '../..'), {
      ...{ environment: false, runName: 'alerting', resume: 'must', alerts: { webhook } },
    }),
  );
  let isStopped = false;
  run.stop$.subscribe({ next: () => (isStopped = true), error: () => undefined });
  run.logMetrics({ loss: 0 }, 100);
  await run.flush();
  must(!run.signal.aborted && !isStopped, 'I9', () => `${what}: an earlier request stops the next owner`);
  await run.close();
  must(!existsSync(join(runDir, 'stop.request')), 'I8', () => `${what}: the request is left`);
}

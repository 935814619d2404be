import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openArtifacts, openExperiments } from 'expman-rx/reader';
import { must } from './check-run.js';
import { mortal } from './mortal.js';
import { randomFrom, type ScenarioContext } from './scenario.js';

const CHILD = fileURLToPath(new URL('./artifacts.mjs', import.meta.url));
/** Everything that a version is made with. */
const SYSCALLS = ['pwrite64', 'fsync', 'link', 'rename', 'unlink', 'mkdir'];
const MOST = 200;
const PROCESSES = 4;

/** Real processes: SIGKILL at every system call of a small one, then four at once on one folder, some of them killed. */
export async function killedPrograms(context: ScenarioContext): Promise<void> {
  await fourProcesses(context);
  const { status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' });
  if (status !== 0) {
    console.log('  SKIPPED kills at system calls: strace is missing, or may not trace');
    return;
  }
  for (const syscall of SYSCALLS)
    for (let n = 1; n < MOST && context.goOn(); n++) if (!(await killAt(context, syscall, n))) break;
}

/** False if the program came to its end without so many calls. */
async function killAt(
  { folder, tally, progress }: ScenarioContext,
  syscall: string,
  n: number,
): Promise<boolean> {
  const place = join(folder, `${syscall}-${n}`);
  mkdirSync(place);
  const [base, account] = [join(place, 'runs'), join(place, 'account.txt')];
  writeFileSync(account, '');
  const inject = ['-e', `trace=${syscall}`, '-e', `inject=${syscall}:signal=SIGKILL:when=${n}`];
  const program = [process.execPath, CHILD, base, account, 'one', '2'];
  spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', ...inject, ...program], { timeout: 60_000 });
  const said = readFileSync(account, 'utf8');
  await checkBase(base, [said], `${syscall} number ${n}`);
  tally.kills++;
  progress(`${syscall} ${n}`);
  rmSync(place, { recursive: true });
  return !/^C$/m.test(said);
}

async function fourProcesses({ folder, tally, amount, goOn, seed }: ScenarioContext): Promise<void> {
  const random = randomFrom(seed + 3);
  for (let round = 0; round < amount(3, 200) && goOn(); round++) {
    const place = join(folder, `four-${round}`);
    mkdirSync(place);
    const base = join(place, 'runs');
    const accounts = Array.from({ length: PROCESSES }, (_, who) => join(place, `account-${who}.txt`));
    const children = accounts.map((account, who) => {
      writeFileSync(account, '');
      return mortal(spawn(process.execPath, [CHILD, base, account, `p${who}`, '12'], { stdio: 'ignore' }));
    });
    const ends = children.map((child) => once(child, 'exit'));
    // From the second round on, two of them are killed at some moment of their work.
    if (round > 0)
      for (const child of children.slice(0, 2)) {
        await delay(random.below(1500));
        child.kill('SIGKILL');
        tally.kills++;
      }
    await Promise.all(ends);
    const said = accounts.map((account) => readFileSync(account, 'utf8'));
    await checkBase(base, said, `four processes, round ${round}`);
    await checkAliases(base, said, `four processes, round ${round}`);
    tally.cases++;
    rmSync(place, { recursive: true });
  }
}

/** An alias that only one process sets names its last version; `latest` is the last one of any. */
async function checkAliases(base: string, accounts: readonly string[], what: string): Promise<void> {
  const artifacts = openArtifacts(base);
  const lastOf = (said: string): string | undefined => [...said.matchAll(/^L (\S+) /gm)].at(-1)?.[1];
  for (const [who, said] of accounts.entries())
    if (said.endsWith('C\n')) {
      const { ref } = await artifacts.open(`m:by-p${who}`);
      must(ref === lastOf(said), 'I1', () => `${what}: by-p${who} is ${ref}, and not ${lastOf(said) ?? ''}`);
    }
  if (!accounts.every((said) => said.endsWith('C\n'))) return;
  const { ref } = await artifacts.open('m');
  const lasts = accounts.map(lastOf);
  must(lasts.includes(ref), 'I1', () => `${what}: latest is ${ref}, and not one of ${lasts.join()}`);
}

/** Every acknowledged version is there with its content, and known to its run; everything there is whole. */
async function checkBase(base: string, accounts: readonly string[], what: string): Promise<void> {
  const lines = accounts.flatMap((said) => said.split('\n').filter((line) => line !== ''));
  if (!existsSync(base)) {
    must(lines.length === 0, 'I1', () => `${what}: the folder is gone`);
    return;
  }
  const artifacts = openArtifacts(base);
  const { problems } = await artifacts.verify();
  must(problems.length === 0, 'I2', () => `${what}: ${JSON.stringify(problems)}`);
  const { runs } = await openExperiments(base, { cacheDir: null }).list();
  const contents = new Map<string, string>();
  for (const line of lines) {
    const [kind, ref = '', own = '', n = ''] = line.split(' ');
    if (kind === 'L') {
      const version = await artifacts.open(ref);
      const text = Buffer.from(await version.read('w.txt')).toString();
      must(text === `${own} ${n}`, 'I1', () => `${what}: ${ref} holds ${text}, not ${own} ${n}`);
      must(
        runs.some(({ loggedArtifacts }) => ref in loggedArtifacts),
        'I1',
        () => `${what}: no run says it has logged ${ref}`,
      );
      const other = contents.get(text) ?? ref;
      must(other === ref, 'I2', () => `${what}: ${ref} and ${other} have the same content`);
      contents.set(text, ref);
    }
    if (kind === 'U')
      must(
        runs.some(({ usedArtifacts }) => ref in usedArtifacts),
        'I1',
        () => `${what}: no run says it has used ${ref}`,
      );
  }
}

// Measures what the README says and prints it as a table:
//
//   npm run bench                     all of it, some minutes; on a quiet machine
//   npm run bench -- caller idle      these cases only
//   npm run bench -- --quick --json   a hundredth of the work, as JSON
//   npm run bench -- --check          ends with 1 if a ratio is a quarter worse than in ratios.json;
//                    --worse 0.5      another share than a quarter
//   npm run bench -- --remember       writes the ratios into ratios.json
import { execFileSync } from 'node:child_process';
import { cpus, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fallen, remember } from './guard.js';
import type { BenchCase, Figure } from './measure.js';

const CASES = [
  'cold-start',
  'caller',
  'taps',
  'end-to-end',
  'many-runs',
  'many-taps',
  'size',
  'memory',
  'publishing',
  'idle',
  'searchers',
  'pruning',
  'queue',
  'listing',
  'dashboard',
] as const;

interface Measured {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    worse: { type: 'string', default: '0.25' },
    remember: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !CASES.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`no case ${unknown.join(', ')}; there are ${CASES.join(', ')}`);
  process.exit(1);
}
const worse = Number(values.worse);
if (!(worse > 0)) {
  console.error(`--worse ${values.worse} is not a share above 0, such as 0.25`);
  process.exit(1);
}
if (values.quick && (values.check || values.remember)) {
  console.error('--quick measures too little for --check and --remember');
  process.exit(1);
}
if (values.child) await measureHere(positionals[0] ?? '');
else measureAll(positionals.length > 0 ? positionals : CASES);

/** One case, in this process; its figures go to the parent as JSON. */
async function measureHere(name: string): Promise<void> {
  const { default: found } = (await import(`./cases/${name}.ts`)) as { readonly default: BenchCase };
  const measured: Measured = { name, title: found.title, figures: await found.run(values.quick) };
  console.log(JSON.stringify(measured));
}

/** Each case in a process of its own, one after the other. */
function measureAll(names: readonly string[]): void {
  const machine = `${cpus()[0]?.model.trim() ?? '?'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${platform()} ${release()}, Node ${process.version}`;
  const measured = names.map((name) => {
    if (process.stderr.isTTY) process.stderr.write(`${name} …\r`);
    const args = [
      ...process.execArgv,
      fileURLToPath(import.meta.url),
      name,
      '--child',
      ...(values.quick ? ['--quick'] : []),
    ];
    const output = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(output) as Measured;
  });
  if (values.json) console.log(JSON.stringify({ machine, measured }, null, 2));
  else printTable(machine, measured);
  const guarded = measured.map(({ name, figures }) => ({
    name,
    guards: figures.flatMap(({ guards = [] }) => guards),
  }));
  if (values.remember) remember(guarded);
  if (!values.check) return;
  const lines = fallen(guarded, worse);
  for (const line of lines) console.error(line);
  if (lines.length > 0) process.exitCode = 1;
}

function printTable(machine: string, measured: readonly Measured[]): void {
  console.log(
    `Measured on ${machine}; ratios are of the same minutes, absolute figures are of this machine.\n`,
  );
  console.log('| what | measured | bound |\n|---|---|---|');
  for (const { title, figures } of measured) {
    console.log(`| **${title}** | | |`);
    for (const { what, figure, bound = '' } of figures) console.log(`| ${what} | ${figure} | ${bound} |`);
  }
}

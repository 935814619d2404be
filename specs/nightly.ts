// Everything that takes too long for each change:
//
//   npm run nightly                 all of it, some hours; prints a seed with which to repeat it
//   npm run nightly -- programs     one step, or several: specs, runtimes, programs, faults, mutations, bench
import { spawnSync } from 'node:child_process';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const seed = process.env['FC_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));

const SPECS = ['npx', 'vitest', 'run', '--config', 'specs/conventions/vitest.config.ts'] as const;

const STEPS: readonly Step[] = [
  // All specs, with the values of another seed and the amounts of a night.
  { name: 'specs', command: SPECS, environment: { SPECS_AT_NIGHT: '1' } },
  // The table of what works where; among the specs as well, without its being seen there.
  {
    name: 'runtimes',
    command: [
      ...SPECS,
      'specs/conventions/runtimes.spec.ts',
      'specs/conventions/bundles.spec.ts',
      'specs/conventions/plug-n-play.spec.ts',
    ],
    environment: { SPECS_AT_NIGHT: '1' },
  },
  {
    name: 'programs',
    command: [...SPECS, 'specs/writer/programs.spec.ts'],
    environment: { PROGRAMS: process.env['PROGRAMS'] ?? '20000' },
  },
  { name: 'faults', command: ['npm', 'run', 'faults', '--', '--nightly'] },
  { name: 'mutations', command: ['npm', 'run', 'faults:mutations'] },
  { name: 'bench', command: ['npm', 'run', 'bench', '--', '--check'] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((word) => !STEPS.some(({ name }) => name === word));
if (unknown.length > 0) {
  console.error(
    `unknown step ${unknown.join(', ')}; the steps are ${STEPS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}
console.log(`seed ${seed}; FC_SEED=${seed} FAULT_SEED=${seed} repeats it`);
const ends = STEPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name)).map((step) => {
  const [program = '', ...args] = step.command;
  const begun = performance.now();
  const { status } = spawnSync(program, args, {
    stdio: 'inherit',
    env: { ...process.env, FC_SEED: seed, FAULT_SEED: seed, ...step.environment },
  });
  return { name: step.name, isGreen: status === 0, seconds: Math.round((performance.now() - begun) / 1000) };
});
for (const { name, isGreen, seconds } of ends)
  console.log(`${isGreen ? 'green' : 'RED  '}  ${name.padEnd(10)} ${seconds} s`);
process.exitCode = ends.every(({ isGreen }) => isGreen) ? 0 : 1;

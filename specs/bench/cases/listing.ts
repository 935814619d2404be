import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { guard } from '../guard.js';
import { inTempFolder, times, type BenchCase, type Figure } from '../measure.js';
import { KINDS, makeRuns } from '../runs.js';

const CLI = new URL('../../../dist/modules/cli/run-cli.js', import.meta.url).href;
const PYTHON = process.env['EXPMAN_PYTHON'] ?? 'python3';

/** Listing, comparing, asking and cleaning many runs, each as the command a user types, Node's own start included. */
export default {
  title: 'Reading back 10,000 runs of 1,000 rows, as commands',
  run: (quick) =>
    inTempFolder(async (folder) => {
      const count = quick ? 200 : 10_000;
      const [base, cache] = [join(folder, 'runs'), join(folder, 'cache')];
      await makeRuns(base, count);
      const expman = (...args: readonly string[]): Took => command(cache, args);
      const cold = expman('list', base, '--json');
      // A folder that has just been made may change again within the same tick, and is not remembered before.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expman('list', base, '--json');
      const warm = expman('list', base, '--json');
      const filtered = expman(
        'list',
        base,
        '--where',
        'params.lr < 0.01 AND metrics.loss.min < 0.2',
        '--json',
      );
      const fifty = readdirSync(join(base, 'exp'))
        .slice(1, 51)
        .map((name) => join(base, 'exp', name));
      const sql = "SELECT run, min(value) FROM metrics WHERE metric = 'loss' GROUP BY run";
      const figures: Figure[] = [
        { what: `list, nothing remembered`, figure: text(cold) },
        { what: `list, remembered`, figure: text(warm), bound: '<= 1 s' },
        { what: 'list --where of parameters and metrics, remembered', figure: text(filtered) },
        { what: 'compare of 50', figure: text(expman('compare', ...fifty, '--json')) },
        { what: 'query of one metric, grouped by run', figure: text(expman('query', base, sql, '--json')) },
        {
          what: 'clean --keep 100, only saying which',
          figure: text(expman('clean', base, '--keep', '100', '--json')),
        },
        yamlFigure(base, count, cold),
        ...mlflowFigure(folder, cold, warm, count),
      ];
      rmSync(base, { recursive: true });
      if (!quick) figures.push(await tenfold(folder, expman));
      return figures;
    }),
} satisfies BenchCase;

interface Took {
  readonly ms: number;
  readonly megabytes: number;
}

const text = ({ ms, megabytes }: Took): string => `${(ms / 1000).toFixed(2)} s, ${megabytes.toFixed(0)} MB`;

function command(cache: string, args: readonly string[]): Took {
  const code = `import { runCli } from ${JSON.stringify(CLI)};
    const exit = await runCli(process.argv.slice(1));
    process.stderr.write('peak ' + process.resourceUsage().maxRSS);
    process.exitCode = exit;`;
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_CACHE_HOME: cache },
    encoding: 'utf8',
  });
  const peak = Number(/peak (\d+)$/.exec(stderr)?.[1] ?? NaN);
  if (status !== 0) throw new Error(`expman ${args[0] ?? ''} ended with ${String(status)}: ${stderr}`);
  return { ms: performance.now() - begun, megabytes: peak / 1024 };
}

/** What parsing the two YAML files of each run alone would take. */
function yamlFigure(base: string, count: number, cold: Took): Figure {
  const sample = readdirSync(join(base, 'exp')).slice(0, Math.min(count, 500));
  const begun = performance.now();
  for (const name of sample)
    for (const file of ['run.yaml', 'config.yaml'])
      parse(readFileSync(join(base, 'exp', name, file), 'utf8'));
  const all = ((performance.now() - begun) / sample.length) * count;
  return {
    what: 'parsing their run.yaml and config.yaml with the yaml package, nothing else',
    figure: `${(all / 1000).toFixed(1)} s: ${times(all / cold.ms)} of our listing that remembers nothing`,
    guards: guard('yaml / list', all / cold.ms, 'more'),
  };
}

/** Prints runs found, and seconds of a first and a second search; nothing where there is no MLflow. */
const MLFLOW = `
import sys, time
try:
    import mlflow
except ImportError:
    sys.exit()
client = mlflow.MlflowClient('file:' + sys.argv[1])
experiment = client.create_experiment('exp')
from mlflow.entities import Metric, Param
for n in range(int(sys.argv[2])):
    run = client.create_run(experiment)
    client.log_batch(run.info.run_id, [Metric('loss', 1.0, 0, 0), Metric('accuracy', 1.0, 0, 0)], [Param('lr', '1'), Param('optimizer', 'Adam')], [])
    client.set_terminated(run.info.run_id)
def search():
    begun = time.time()
    return len(client.search_runs([experiment], max_results=50000)), time.time() - begun
print(*search(), search()[1])
`;

/** MLflow's file store of fewer runs, where Python has it; its own start is not counted, Node's is in ours. */
function mlflowFigure(folder: string, cold: Took, warm: Took, count: number): Figure[] {
  const { status, stdout } = spawnSync(
    PYTHON,
    ['-c', MLFLOW, join(folder, 'mlruns'), String(Math.min(count, 1000))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      // MLflow 3.17 opens a file store only when asked to.
      env: { ...process.env, MLFLOW_ALLOW_FILE_STORE: 'true' },
      encoding: 'utf8',
    },
  );
  if (status !== 0 || stdout === '') return [];
  const [found = 0, first = NaN, again = NaN] = stdout.trim().split(' ').map(Number);
  const ratio = (seconds: number, { ms }: Took): string => times((seconds * 1000) / found / (ms / count));
  return [
    {
      what: `MLflow's search_runs over ${found} runs in its file store: first; again`,
      figure: `${first.toFixed(2)} s; ${again.toFixed(2)} s: ${ratio(first, cold)} and ${ratio(again, warm)} of ours for each run`,
    },
  ];
}

/** Ten times as many, by names of the same files. */
async function tenfold(folder: string, expman: (...args: readonly string[]) => Took): Promise<Figure> {
  const base = join(folder, 'hundred-thousand');
  for (let index = 0; index < 100_000; index++) {
    const [from, to] = [
      join(folder, 'made/bench', `kind${index % KINDS}`),
      join(base, `exp${index % 10}`, `run${index}`),
    ];
    mkdirSync(to, { recursive: true });
    for (const name of ['run.yaml', 'config.yaml', 'metrics.parquet'])
      linkSync(join(from, name), join(to, name));
  }
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const cold = expman('list', base, '--json');
  const warm = expman('list', base, '--json');
  return {
    what: 'list of 100,000 runs: nothing remembered; remembered',
    figure: `${text(cold)}; ${text(warm)}`,
  };
}

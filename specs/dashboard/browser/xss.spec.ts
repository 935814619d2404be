import { cpSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExperimentConfig, LoggingEngine } from 'expman-rx';
import { type Dashboard, serve, writeReport } from 'expman-rx/dashboard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseYaml, stringifyYaml } from '../../../dist/modules/storage/yaml-file.js';
import { hasBrowser } from '../../support/browser.js';
import { browsing } from '../../support/browsing.js';
import { tempFolders } from '../../support/temp-folder.js';

const RUN = 'window.owned=1';
/** What a page would run, or load, if it took text for markup. */
const PAYLOADS: readonly string[] = [
  `<script>${RUN}</script>`,
  `<img src=x onerror=${RUN}>`,
  `<svg onload=${RUN}>`,
  `<svg><script>${RUN}</script></svg>`,
  `"><script>${RUN}</script>`,
  `'><img src=x onerror=${RUN}>`,
  `" onmouseover="${RUN}" autofocus onfocus="${RUN}`,
  `' onfocus='${RUN}' autofocus='`,
  `javascript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `<iframe srcdoc="<script>parent.owned=1</script>">`,
  `<iframe src="javascript:parent.owned=1">`,
  `<object data="javascript:${RUN}">`,
  `<embed src="javascript:${RUN}">`,
  `<body onload=${RUN}>`,
  `<details open ontoggle=${RUN}>`,
  `<video><source onerror=${RUN}></video>`,
  `<audio src=x onerror=${RUN}>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<a href="javascript:${RUN}">x</a>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<input autofocus onfocus=${RUN}>`,
  `<marquee onstart=${RUN}>x</marquee>`,
  `<style>@import "javascript:${RUN}";</style>`,
  `<link rel=stylesheet href="data:text/css,*{color:red}">`,
  `<base href="http://evil.invalid/">`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`,
  `</script><script>${RUN}</script>`,
  `]]><script>${RUN}</script>`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
];

const folder = tempFolders('xss', afterAll);

describe.skipIf(!hasBrowser)('what a run holds', () => {
  const visit = browsing();
  let dashboard: Dashboard;
  let base: string;
  let runDirs: string[];

  beforeAll(async () => {
    base = folder();
    runDirs = [await makeHostileRun(base, 'one'), await makeHostileRun(base, 'two')];
    nameHostile(base, runDirs[0] ?? '');
    dashboard = await serve(base, { writable: true });
  }, 60_000);
  afterAll(async () => {
    await dashboard.close();
  });

  it('is shown as text on every page, and nothing of it runs', async () => {
    const { page, complaints } = await visit(dashboard.url);
    await page.waitForSelector('[data-testid=run-row]');
    const runs = 'run=exp%2Fone&run=exp%2Ftwo';
    const places = [
      '#/runs?group=params.p0',
      `#/runs?where=${encodeURIComponent('params.p0 = "<img src=x onerror=window.owned=1>"')}`,
      `#/curves?${runs}`,
      `#/compare?${runs}`,
      `#/history?by=${encodeURIComponent('params.p0')}`,
      `#/history?metric=${encodeURIComponent(PAYLOADS[1] ?? '')}&by=run`,
      `#/artifacts/${encodeURIComponent(PAYLOADS[1] ?? '')}/v1`,
      ...['', '/metrics', '/logs', '/files', '/media', '/histograms', '/system', '/environment'].map(
        (tab) => `#/run/exp/one${tab}`,
      ),
    ];
    for (const place of places) {
      await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
      await page.waitForLoadState('networkidle').catch(() => undefined);
      // A script would have run, and an image would have failed, before two frames are drawn.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      expect(await page.evaluate('window.owned')).toBeUndefined();
    }
    expect(await page.locator('iframe, object, embed, base, marquee, math, form[action]').count()).toBe(0);
    await page.evaluate("location.hash = '#/run/exp/one/logs'");
    await page
      .getByText('<script>window.owned=1</script>', { exact: false })
      .first()
      .waitFor({ timeout: 250_000 });
    expect(complaints).toEqual([]);
  });

  it('is text in a report, too', async () => {
    const path = join(folder(), 'report.html');
    await writeReport(runDirs, path, { title: PAYLOADS[0] ?? '' });
    const { page, complaints } = await visit(`file://${path}`);
    await page.waitForSelector('[data-testid=run-row]', { timeout: 250_000 });
    for (const place of ['#/run/exp/one', '#/run/exp/one/logs', '#/compare?run=exp%2Fone&run=exp%2Ftwo']) {
      await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      expect(await page.evaluate('window.owned')).toBeUndefined();
    }
    expect(complaints).toEqual([]);
  });
});

/** A run with each payload as tag, note, metric key, log line, parameter key and value, and name of an artifact. */
async function makeHostileRun(base: string, runName: string): Promise<string> {
  const run = new LoggingEngine(
    new ExperimentConfig('exp', base, {
      runName,
      tags: PAYLOADS.filter((text) => text.length < 100),
      notes: PAYLOADS.join('\n'),
      title: PAYLOADS[0],
    }),
  );
  run.logParams({
    ...Object.fromEntries(PAYLOADS.map((text, at) => [`p${at}`, text])),
    ...Object.fromEntries(PAYLOADS.map((text) => [text, runName])),
  });
  for (const text of PAYLOADS) run.logger.info(text);
  for (let step = 0; step < 20; step++)
    run.logMetrics(
      { loss: 1 / (step + 1), ...Object.fromEntries(PAYLOADS.map((text) => [text, step])) },
      step,
    );
  run.logMetrics({ said: PAYLOADS[1] ?? '' }, 20);
  const names = PAYLOADS.map((text) => text.replace(/[^ -.0-9A-Z_a-z]/g, '_').slice(0, 60));
  for (const [at, name] of names.entries())
    await run.saveArtifact(`${at} ${name}`.trim(), Buffer.from('x')).catch(() => undefined);
  run.logTable(PAYLOADS[0] ?? '', [Object.fromEntries(PAYLOADS.map((text) => [text, text]))], 1);
  await run.close();
  return run.runDir;
}

/** Runs whose names, and names of artifacts, no engine of ours would have let pass. */
function nameHostile(base: string, runDir: string): void {
  for (const [at, text] of PAYLOADS.entries()) {
    const name = text.replaceAll('/', '∕').slice(0, 80);
    const copy = join(base, at % 2 === 0 ? 'exp' : name, name);
    mkdirSync(join(copy, '..'), { recursive: true });
    cpSync(runDir, copy, { recursive: true });
    const path = join(copy, 'run.yaml');
    const file = parseYaml(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const artifacts = { [text]: { bytes: 1, sha256: text } };
    const named = {
      ...file,
      run: text,
      experiment: text,
      artifacts,
      error: { name: text, message: text, stack: text },
    };
    writeFileSync(path, stringifyYaml(named));
  }
}

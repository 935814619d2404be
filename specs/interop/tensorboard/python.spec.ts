import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SummaryWriter, tensorboardExporter, tensorboardImporter } from 'expman-rx/tensorboard';
import { hasTensorBoard, python } from '../../support/python.js';
import { tempFolders } from '../../support/temp-folder.js';
import { collect, exchangeRun, imported, only } from './rig.js';

const folder = tempFolders('tensorboard-python');

/** What TensorBoard's own reader finds in a folder. */
interface Accumulated {
  readonly scalars: Readonly<
    Record<string, readonly (readonly [step: number, wallTime: number, value: string])[]>
  >;
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly histograms: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;
  readonly images: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly plugins: Readonly<Record<string, string>>;
  readonly hparams: Readonly<Record<string, string | number | boolean>>;
  readonly status: number;
  readonly groupName: string;
  readonly columns: readonly string[];
  readonly metricTags: readonly string[];
  readonly versions: readonly string[];
  readonly dtypes: readonly number[];
}

// Values as Python's repr, because JSON has no NaN.
const READ = `
import json, sys, glob
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.util import tensor_util
[file] = glob.glob(sys.argv[1] + '/events.out.tfevents.*')
events = EventAccumulator(sys.argv[1], size_guidance={'tensors': 0, 'images': 0})
events.Reload()
out = dict(scalars={}, texts={}, histograms={}, images={}, plugins={}, hparams={}, status=0, groupName='', columns=[], metricTags=[], dtypes=[])
for tag in events.Tags()['tensors']:
    plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
    out['plugins'][tag] = plugin
    series = [(e.step, e.wall_time, tensor_util.make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]
    if plugin == 'scalars': out['dtypes'] += [e.tensor_proto.dtype for e in events.Tensors(tag)]
    if plugin == 'scalars': out['scalars'][tag] = [(s, w, repr(float(v.item()))) for s, w, v in series]
    if plugin == 'text': out['texts'][tag] = [v.item().decode() for _, _, v in series]
    if plugin == 'histograms': out['histograms'][tag] = [v.tolist() for _, _, v in series]
for tag in events.Tags()['images']:
    out['images'][tag] = [(i.width, i.height, len(i.encoded_image_string)) for i in events.Images(tag)]
session = events.PluginTagToContent('hparams') if metadata.SESSION_START_INFO_TAG in events.summary_metadata else {}
if session:
    start = metadata.parse_session_start_info_plugin_data(session[metadata.SESSION_START_INFO_TAG])
    for key, value in start.hparams.items(): out['hparams'][key] = getattr(value, value.WhichOneof('kind'))
    out['groupName'] = start.group_name
    out['status'] = metadata.parse_session_end_info_plugin_data(session[metadata.SESSION_END_INFO_TAG]).status
    experiment = metadata.parse_experiment_plugin_data(session[metadata.EXPERIMENT_TAG])
    out['columns'] = [info.name for info in experiment.hparam_infos]
    out['metricTags'] = [info.name.tag for info in experiment.metric_infos]
out['versions'] = [e.file_version for e in LegacyEventFileLoader(file).Load() if e.file_version]
print(json.dumps(out))
`;

const accumulated = (path: string): Accumulated => python(READ, [path]) as Accumulated;
const number = (text: string): number => Number(text.replace('nan', 'NaN').replace('inf', 'Infinity'));

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAEklEQVR4nGNgYGD4D8UQBhYGADmaBfcFFTmKAAAAAElFTkSuQmCC',
  'base64',
);

describe("TensorBoard's own reader", () => {
  it('finds every value of an exported run', async ({ skip }) => {
    skip(!hasTensorBoard(), 'no tensorboard in Python');
    const path = join(folder(), 'run');
    const doubles = [0.1, NaN, Infinity, -Infinity, -0, 1e300, 5e-324, 1 / 3];
    const rows = doubles.map((d, step) => ({
      step: step - 2,
      timestamp: 1_700_000_000_000 + step + 0.001,
      values: {
        d,
        n: BigInt(step) * 1000n,
        flag: step % 2 === 1,
        note: `**é** ${step}`,
        h: JSON.stringify({
          edges: [0, 0.1, 1 + step],
          counts: [3, step],
          min: 0,
          max: 1,
          mean: 0.5,
          count: 3,
        }),
      },
    }));
    await tensorboardExporter().write(
      exchangeRun(rows, {
        status: 'FAILED',
        group: 'ablation',
        summary: { passed: true, note: 'text', best: 0.25 },
        headline: ['best'],
        params: { lr: 0.1, opt: { name: 'adam', nesterov: true }, layers: [1, 2] },
        lines: [{ timestampMs: 1e12, level: 'info', message: 'hello', meta: {} }],
      }),
      path,
    );
    const read = accumulated(path);
    expect(read.versions).toEqual(['brain.Event:2']);
    // The reader that TensorBoard uses by default is another one, in Rust: it shows DT_FLOAT and no other scalar.
    expect(new Set(read.dtypes)).toEqual(new Set([1]));
    expect(read.scalars['d']?.map(([, , value]) => number(value))).toEqual(doubles.map(Math.fround));
    expect(read.scalars['d']?.map(([step, wallTime]) => [step, wallTime])).toEqual(
      rows.map(({ step, timestamp }) => [step, Math.round(timestamp * 1000) / 1e6]),
    );
    expect(read.scalars['n']?.map(([, , value]) => number(value))).toEqual(
      doubles.map((_, step) => step * 1000),
    );
    expect(read.scalars['flag']?.map(([, , value]) => number(value))).toEqual(
      doubles.map((_, step) => step % 2),
    );
    expect(read.texts['note']).toEqual(rows.map(({ values }) => values.note));
    expect(read.histograms['h']?.[2]).toEqual([
      [0, 0.1, 3],
      [0.1, 3, 2],
    ]);
    expect(read.hparams).toEqual({ lr: 0.1, 'opt.name': 'adam', 'opt.nesterov': true, layers: '[1,2]' });
    expect(read).toMatchObject({ status: 2, groupName: 'ablation' });
    expect(read.metricTags).toEqual(['summary/best', 'summary/passed', 'd', 'n', 'flag']);
    expect(read.scalars['summary/best']?.map(([, , value]) => number(value))).toEqual([0.25]);
    expect([...read.columns].sort()).toEqual(['layers', 'lr', 'opt.name', 'opt.nesterov']);
    expect(read.texts['expman-rx/log']?.[0]).toContain('INFO  hello');
  });

  it('finds what a SummaryWriter wrote', ({ skip }) => {
    skip(!hasTensorBoard(), 'no tensorboard in Python');
    const path = folder();
    const writer = new SummaryWriter(path);
    writer.addScalar('loss', 0.25, 3, 1_700_000_000.5);
    writer.addText('note', 'hi', 1);
    writer.addHistogram('weights', [0, 0, 1, 2, NaN], 2);
    writer.addImage('digit', PNG, 0);
    writer.addHparams({ lr: 0.1 }, { final: 0.75 }, 'trial');
    writer.close();
    const read = accumulated(path);
    expect(read.scalars).toEqual({ loss: [[3, 1_700_000_000.5, '0.25']] });
    expect(read.texts).toEqual({ note: ['hi'] });
    expect(read.histograms['weights']?.[0]).toHaveLength(30);
    expect(read.histograms['weights']?.[0]?.reduce((sum, [, , count = 0]) => sum + count, 0)).toBe(4);
    expect(read.images).toEqual({ digit: [[2, 3, PNG.length]] });
    const trial = accumulated(join(path, 'trial'));
    expect(trial).toMatchObject({ hparams: { lr: 0.1 }, status: 1, columns: ['lr'], metricTags: ['final'] });
    expect(trial.scalars['final']?.map(([, , value]) => value)).toEqual(['0.75']);
  });
});

const WRITE = `
import json, sys, numpy, math, time
from tensorboardX import SummaryWriter
with SummaryWriter(sys.argv[1] + '/seed-1') as w:
    for step in range(50):
        w.add_scalar('loss/train', 1 / (step + 3), step, walltime=1.7e9 + step)
        w.add_scalar('acc', math.nan if step == 7 else step, step, walltime=1.7e9 + step)
    w.add_text('note', 'héllo', 1, walltime=1.7e9)
    w.add_histogram('weights', numpy.array([0.0, 1.0, 1.0, 4.0]), 50, walltime=1.7e9 + 50)
    w.add_image('digit', numpy.zeros((1, 4, 4)), 50)
    w.add_scalars('both', {'a': 1, 'b': 2}, 5)
    w.add_pr_curve('pr', numpy.array([0, 1]), numpy.array([0.2, 0.9]), 1)
    w.add_hparams({'lr': 0.1, 'layers': 3, 'name': 'adam', 'bias': True}, {'final': 0.5}, name='trial', global_step=1)
print('null')
`;

describe('files that tensorboardX wrote', () => {
  it('are runs with their rows, texts, histograms, parameters and status', async ({ skip }) => {
    skip(!hasTensorBoard(), 'no tensorboardX in Python');
    const path = join(folder(), 'digits');
    python(WRITE, [path]);
    expect(await tensorboardImporter().recognises(path)).toBe(true);
    const runs = await imported(tensorboardImporter(), path);
    const main = only(runs);
    expect([main.experiment, main.run]).toEqual(['digits', 'seed-1']);
    const rows = main.rowList;
    expect(
      rows.slice(0, 50).map(({ step, timestamp, values }) => ({ step, timestamp, values: { ...values } })),
    ).toEqual(
      Array.from({ length: 50 }, (_, step) => ({
        step,
        timestamp: (1.7e9 + step) * 1000,
        values: { 'loss/train': Math.fround(1 / (step + 3)), acc: step === 7 ? NaN : step },
      })),
    );
    expect(rows[50]?.values['note/text_summary']).toBe('héllo');
    expect(JSON.parse(String(rows[51]?.values['weights']))).toMatchObject({
      min: 0,
      max: 4,
      mean: 1.5,
      count: 4,
    });
    expect(main.told.flatMap(({ kind, text }) => (kind === 'guessed' ? [] : [text]))).toEqual([
      '1 tensor ("pr")',
    ]);
    expect(main.media && (await collect(main.media()))).toMatchObject([
      { kind: 'image', name: 'digit', step: 50 },
    ]);
    expect(main.startedAt).toBe('2023-11-14T22:13:20.000Z');
    expect(rows.slice(52)).toMatchObject([
      { step: 5, values: { 'both/a': 1, 'both/b': 2 } },
      { step: 1, values: { final: 0.5 } },
    ]);
    expect(main).toMatchObject({ status: 'FINISHED', summary: { final: 0.5 } });
    expect({ ...main.params }).toEqual({ lr: 0.1, layers: 3, name: 'adam', bias: true });
  });
});
